"""The child process of an attempt: ``python -m workers.child <descriptor>``, the request on standard input.

It writes one JSON line for each stage before the stage begins, and one with the report, to the descriptor; whatever a
device's library prints goes elsewhere. An exception that nobody foresaw is a harness error, reported as such.
"""

from __future__ import annotations

import os
import resource
import sys
import traceback
from pathlib import Path

from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle
from workers.codec import MAX_TEXT, decode_request, encode
from workers.drivers import make_driver
from workers.outcome import Cause, Outcome
from workers.replay import replay
from workers.report import AttemptReport, Stage
from workers.request import AttemptRequest


class Teller:
    """Tells the parent which stage begins, and in the end the report."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "wb", buffering=0)
        self.stage = Stage.FETCH

    def mark(self, stage: Stage) -> None:
        """``stage`` begins."""
        self.stage = stage
        self._out.write(encode({"stage": stage}) + b"\n")

    def report(self, report: AttemptReport) -> None:
        """The attempt is over."""
        self._out.write(encode({"report": report}) + b"\n")


def main() -> None:
    """Entry."""
    teller = Teller(int(sys.argv[1]))
    request = decode_request(sys.stdin.buffer.read())
    # Private memory only: mapped libraries and address space that is merely reserved cost nothing.
    resource.setrlimit(resource.RLIMIT_DATA, (request.limits.memory_bytes, request.limits.memory_bytes))
    teller.report(attempt(request, teller))


def attempt(request: AttemptRequest, teller: Teller) -> AttemptReport:
    """Read the bundle, make the driver, replay; every end is a report."""
    teller.mark(Stage.FETCH)
    try:
        bundle = read_bundle(Path(request.bundle_folder))
    except (FormatError, OSError) as error:
        return _ended(request, teller, Outcome.INFRA_ERROR, Cause.INFRA, f"the bundle cannot be trusted: {error}")
    if str(bundle.manifest.identity) != request.bundle:
        what = f"the folder holds bundle {bundle.manifest.identity}, not the one that was asked for"
        return _ended(request, teller, Outcome.INFRA_ERROR, Cause.INFRA, what)
    teller.mark(Stage.LOAD)
    try:
        driver = make_driver(request.driver, request.profile)
    except ValueError as error:
        return _ended(request, teller, Outcome.HARNESS_ERROR, Cause.HARNESS, f"inventory: {request.driver}: {error}")
    except ModuleNotFoundError as error:
        what = f"this host lacks what driver {request.driver!r} needs: {error}"
        return _ended(request, teller, Outcome.INFRA_ERROR, Cause.INFRA, what)
    try:
        return replay(driver, bundle, request.policy, request.nonce, teller.mark)
    except MemoryError:
        limit = request.limits.memory_bytes >> 20
        return _ended(request, teller, Outcome.OUT_OF_MEMORY, Cause.DEVICE_STACK, f"more than {limit} MiB was needed")
    except Exception as error:  # what nobody foresaw is the harness's: never a pass, never blamed on the network
        traceback.print_exc()
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return _ended(request, teller, Outcome.HARNESS_ERROR, Cause.HARNESS, what)


def _ended(request: AttemptRequest, teller: Teller, outcome: Outcome, cause: Cause, message: str) -> AttemptReport:
    return AttemptReport(
        outcome=outcome,
        cause=cause,
        message=message[:MAX_TEXT],
        stage=teller.stage,
        bundle=request.bundle,
        nonce=request.nonce,
    )


if __name__ == "__main__":
    main()
