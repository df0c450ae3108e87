"""What a device host does with one attempt: fetch the bundle, replay it, report. Both wires run this very function.

Importable without torch and without SQL.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from farm.caps import fitted
from farm.protocol import AttemptMessage, ProtocolError, ReportMessage, decode, encode
from farm.settings import HostSettings
from workers.artifacts import (
    ArtifactCorrupt,
    ArtifactError,
    ArtifactMissing,
    ArtifactUnavailable,
    hold_bundle,
    open_store,
)
from workers.artifacts.access import STALL_S
from workers.artifacts.download import FETCH_S
from workers.codec import one_line
from workers.outcome import Cause, Outcome
from workers.processes.attempt import run_attempt
from workers.processes.checkup import CANARY_S
from workers.processes.supervise import GRACE_S
from workers.report import AttemptReport, Stage
from workers.request import AttemptRequest, Limits

#: What an attempt may take on a host beyond its own time limit: fetching the bundle from a store that stalls at the very end,
#: then the ends of the process that hung and of the one that runs the canary after it.
OVERHEAD_S = FETCH_S + STALL_S + GRACE_S + CANARY_S + GRACE_S


@dataclass(frozen=True, slots=True)
class _Errand:
    """One attempt on one host."""

    message: AttemptMessage
    host: HostSettings
    started: float

    def told(self, report: AttemptReport) -> ReportMessage:
        return ReportMessage(
            attempt=self.message.attempt,
            token=self.message.token,
            unit=self.host.unit,
            duration_s=time.monotonic() - self.started,
            report=report,
        )

    def without_replay(self, outcome: Outcome, cause: Cause, what: str, log: str = "") -> ReportMessage:
        nonce = self.message.nonce
        return self.told(fitted(AttemptReport(outcome, cause, what, Stage.FETCH, bundle="", nonce=nonce, log=log)))


def perform(message: AttemptMessage, host: HostSettings) -> ReportMessage:
    """Carry out one attempt on this host; every way in which it can end is a report that can be sent."""
    errand = _Errand(message, host, time.monotonic())
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(_bundle(message, host))
        except (ArtifactError, OSError) as error:
            what = f"the bundle could not be fetched: {one_line(error)}{_advice(error)}"
            return errand.without_replay(Outcome.INFRA_ERROR, Cause.INFRA, what)
        except Exception as error:
            return _harness(errand, error)
        return _carried_out(errand, folder)


def _carried_out(errand: _Errand, folder: Path) -> ReportMessage:
    message = errand.message
    try:
        told = errand.told(fitted(_replay(message, folder)))
        decode(encode(told))  # what the coordinator would refuse would be lost without a reason
    except ProtocolError as error:
        what = f"the report cannot be sent: {error}"
        return errand.without_replay(Outcome.HARNESS_ERROR, Cause.HARNESS, what)
    except OSError as error:
        what = f"the attempt's process could not be run: {one_line(error)}"
        return errand.without_replay(Outcome.INFRA_ERROR, Cause.INFRA, what)
    except Exception as error:
        return _harness(errand, error)
    return told


def _harness(errand: _Errand, error: Exception) -> ReportMessage:
    """The host's own code: never a pass, never blamed on the network."""
    what = f"{type(error).__name__}: {one_line(error)}"
    return errand.without_replay(Outcome.HARNESS_ERROR, Cause.HARNESS, what, traceback.format_exc())


@contextmanager
def _bundle(message: AttemptMessage, host: HostSettings) -> Iterator[Path]:
    """The bundle of an attempt, which stays in the host's cache until the attempt is over."""
    try:
        store = open_store(host.store_url)
    except ValueError as error:
        raise ArtifactUnavailable(f"FARM_STORE_URL of this host: {error}") from None
    with hold_bundle(store, message.manifest, host.cache, limit_bytes=host.cache_limit_bytes) as folder:
        yield folder


def _advice(error: Exception) -> str:
    lost = isinstance(error, ArtifactCorrupt | ArtifactMissing)
    return "; `farm submit --reconvert` makes it again" if lost else ""


def _replay(message: AttemptMessage, folder: Path) -> AttemptReport:
    return run_attempt(
        AttemptRequest(
            bundle_folder=str(folder),
            bundle=message.bundle,
            driver=message.driver,
            profile=message.profile,
            policy=message.policy,
            limits=Limits(time_s=message.limits.time_s, memory_bytes=message.limits.memory_bytes),
            nonce=message.nonce,
            measured_stack=message.measured_stack,
        )
    )
