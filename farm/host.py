"""What a device host does with one attempt: fetch the bundle, replay it, report. Both wires run this very function.

Importable without torch and without SQL.
"""

from __future__ import annotations

import time
import traceback

from farm.protocol import AttemptMessage, ReportMessage
from farm.settings import HostSettings
from workers.artifacts import ArtifactError, fetch_bundle, open_store
from workers.attempt import run_attempt
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, Stage
from workers.request import AttemptRequest, Limits


def perform(message: AttemptMessage, host: HostSettings) -> ReportMessage:
    """Carry out one attempt on this host; every way in which it can end is a report."""
    started = time.monotonic()
    try:
        report = _replay(message, host)
    except (ArtifactError, OSError) as error:
        report = _without_replay(message, Outcome.INFRA_ERROR, Cause.INFRA, f"the bundle could not be fetched: {error}")
    except Exception as error:  # the host's own code: never a pass, never blamed on the network
        what = f"{type(error).__name__}: {error}"
        report = _without_replay(message, Outcome.HARNESS_ERROR, Cause.HARNESS, what, traceback.format_exc())
    return ReportMessage(
        attempt=message.attempt,
        token=message.token,
        unit=host.unit,
        duration_s=time.monotonic() - started,
        report=report,
    )


def _replay(message: AttemptMessage, host: HostSettings) -> AttemptReport:
    return run_attempt(
        AttemptRequest(
            bundle_folder=str(fetch_bundle(open_store(host.store_url), message.manifest, host.cache)),
            bundle=message.bundle,
            driver=message.driver,
            profile=message.profile,
            policy=message.policy,
            limits=Limits(time_s=message.limits.time_s, memory_bytes=message.limits.memory_bytes),
            nonce=message.nonce,
        )
    )


def _without_replay(message: AttemptMessage, outcome: Outcome, cause: Cause, what: str, log: str = "") -> AttemptReport:
    return AttemptReport(
        outcome=outcome, cause=cause, message=what, stage=Stage.FETCH, bundle="", nonce=message.nonce, log=log
    )
