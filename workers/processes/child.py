"""The child process of an attempt: ``python -m workers.processes.child <descriptor>``, the request on standard input.

What it tells its parent on the descriptor is in :mod:`workers.channel`; what a device's library prints goes elsewhere.
An exception that nobody foresaw is a harness error, reported as such.
"""

from __future__ import annotations

import resource
import sys
import traceback
from dataclasses import replace
from pathlib import Path

from mcore.platform.errors import FormatError
from mcore.platform.format import read_bundle
from workers.channel import Finished, Judged, Message, Opened, Reached, Teller
from workers.codec import MAX_TEXT, decode_request, one_line
from workers.driver import DriverError, fingerprint_of
from workers.drivers import NoSuchDriver, make_driver
from workers.outcome import Cause, Outcome
from workers.processes.beginning import prepare
from workers.processes.supervise import peak_memory_bytes
from workers.replay import Tell, replay
from workers.report import AttemptReport, CaseReport, Stage
from workers.request import AttemptRequest
from workers.stack import stack_hash

#: A bundle that takes less than one part in so many of the memory limit is not to blame if there is too little to read it.
HOST_SHARE = 8


def main() -> None:
    """Entry."""
    prepare()
    teller = Teller(int(sys.argv[1]))
    request = decode_request(sys.stdin.buffer.read())
    _limit(request.limits.memory_bytes)
    report = replace(attempt(request, teller), peak_memory_bytes=peak_memory_bytes())
    teller(Finished(report))


def attempt(request: AttemptRequest, tell: Tell) -> AttemptReport:
    """Read the bundle, bring up the unit, replay; every end is a report."""
    progress = _Progress(request, tell)
    try:
        return progress.work()
    except DriverError as error:
        return progress.ended(Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, f"the unit does not come up: {error}")
    except ModuleNotFoundError as error:
        what = f"this host lacks what driver {request.driver!r} needs: {error}"
        return progress.ended(Outcome.INFRA_ERROR, Cause.INFRA, what)
    except MemoryError:
        traceback.print_exc()
        return progress.out_of_memory()
    except Exception as error:  # what nobody foresaw is the harness's: never a pass, never blamed on the network
        traceback.print_exc()
        return progress.ended(Outcome.HARNESS_ERROR, Cause.HARNESS, f"{type(error).__name__}: {error}")


class _Progress:
    """An attempt under way: what is known of it wherever it ends."""

    def __init__(self, request: AttemptRequest, tell: Tell) -> None:
        self._request, self._tell = request, tell
        self._stage, self._bundle, self._proven = Stage.FETCH, "", False
        self._stack: dict[str, str] = {}
        self._cases: list[CaseReport] = []

    def work(self) -> AttemptReport:
        self.tell(Reached(Stage.FETCH))
        try:
            bundle = read_bundle(self._request.bundle_folder)
        except (FormatError, OSError) as error:
            return self.ended(Outcome.INFRA_ERROR, Cause.INFRA, f"the bundle cannot be trusted: {error}")
        self._bundle = str(bundle.manifest.identity)
        if self._bundle != self._request.bundle:
            what = f"the folder holds bundle {self._bundle}, not the one that was asked for"
            return self.ended(Outcome.INFRA_ERROR, Cause.INFRA, what)
        self.tell(Reached(Stage.CANARY))
        try:
            driver = make_driver(self._request.driver, self._request.profile)
        except NoSuchDriver as error:
            return self.ended(Outcome.INFRA_ERROR, Cause.INFRA, f"this host has {error}: update it")
        except ValueError as error:
            return self.ended(Outcome.HARNESS_ERROR, Cause.HARNESS, f"inventory: {error}")
        self._stack = fingerprint_of(driver)
        self.tell(Opened(self._bundle, tuple(sample.name for sample in bundle.samples), self._stack))
        measure = stack_hash(self._stack) != self._request.measured_stack
        replayed = replay(driver, bundle, self._request.policy, self.tell, measure=measure)
        self._stage, self._cases = Stage.DONE, list(replayed.cases)
        finding = replayed.finding
        report = self.ended(finding.outcome, finding.cause, finding.message)
        return replace(report, unsupported=replayed.unsupported, load_ms=replayed.load_ms)

    def tell(self, message: Message) -> None:
        match message:
            case Reached(stage):
                self._stage = stage
                self._proven |= stage is Stage.LOAD
            case Judged(case):
                self._cases.append(case)
        self._tell(message)

    def out_of_memory(self) -> AttemptReport:
        """Where the canary never lived, the limit is too small for the driver; else it is the network that wants more.

        So it is where the limit does not do to read a bundle that takes little of it.
        """
        limit = f"the memory limit of {self._request.limits.memory_bytes >> 20} MiB is too small"
        if not self._proven and (self._stage is Stage.CANARY or (self._stage is Stage.FETCH and self._takes_little())):
            return self.ended(Outcome.HARNESS_ERROR, Cause.HARNESS, f"inventory: {limit} for the driver itself")
        return self.ended(Outcome.OUT_OF_MEMORY, Cause.DEVICE_STACK, f"{limit}, at stage {self._stage}")

    def _takes_little(self) -> bool:
        return _size_bytes(self._request.bundle_folder) < self._request.limits.memory_bytes / HOST_SHARE

    def ended(self, outcome: Outcome, cause: Cause, message: str) -> AttemptReport:
        """The report, with a message of one line, however a device's library worded it."""
        return AttemptReport(
            outcome=outcome,
            cause=cause,
            message=one_line(message),
            stage=self._stage,
            bundle=self._bundle,
            nonce=self._request.nonce,
            stack=self._stack,
            cases=tuple(replace(case, message=case.message[:MAX_TEXT]) for case in self._cases),
        )


def _size_bytes(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def _limit(memory_bytes: int) -> None:
    # Private memory only: mapped libraries and address space that is merely reserved cost nothing.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
