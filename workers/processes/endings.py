"""What the end of a child process means for its attempt: an outcome and a cause for every way in which it can end; pure."""

from __future__ import annotations

import signal
from dataclasses import replace

from workers.channel import Heard
from workers.codec import MAX_TEXT
from workers.judging.evidence import Finding, cause_of, confirm, roll_up
from workers.outcome import Cause, Group, Outcome
from workers.processes.supervise import Ending
from workers.report import AttemptReport, CaseReport, Stage, signal_name
from workers.request import AttemptRequest

#: Signals that a process brings upon itself; another one came from outside.
OWN_SIGNALS = frozenset(getattr(signal, f"SIG{name}") for name in ("SEGV", "ABRT", "BUS", "ILL", "FPE", "TRAP", "SYS"))
#: A process that died with this share of its memory limit in use died of the limit.
_NEAR_LIMIT = 0.9


def conclude(request: AttemptRequest, heard: Heard, ending: Ending) -> AttemptReport:
    """The report on an attempt from what its child told and how it ended."""
    if heard.report is not None and not heard.nonsense:
        report = confirm(heard.report, bundle=request.bundle, nonce=request.nonce)
        peaks = [peak for peak in (report.peak_memory_bytes, ending.peak_memory_bytes) if peak is not None]
        return replace(report, log=ending.log, peak_memory_bytes=max(peaks, default=None))
    if heard.nonsense:
        finding = Finding(Outcome.HARNESS_ERROR, Cause.HARNESS, f"the child told nonsense: {heard.nonsense}")
    else:
        finding = _placed(heard, *_death(request, ending))
    cases = _cases(heard, finding)
    worse = [case for case in heard.cases if case.outcome.severity < finding.outcome.severity]
    if finding.outcome.group is Group.PRODUCT and worse:
        found = roll_up(worse, [case.sample for case in worse], fixed_sizes=True)
        finding = replace(found, message=f"{found.message}; then {finding.message}")
    return AttemptReport(
        outcome=finding.outcome,
        cause=finding.cause,
        message=finding.message[:MAX_TEXT],
        stage=heard.stage,
        bundle=heard.bundle,
        nonce=request.nonce,
        stack=heard.stack,
        cases=cases,
        peak_memory_bytes=ending.peak_memory_bytes,
        signal=None if ending.timed_out else ending.signal,
        log=ending.log,
    )


def _death(request: AttemptRequest, ending: Ending) -> tuple[Outcome, str]:
    """What a child's end without a report would mean if a device was at work, in words too."""
    limits = request.limits
    peak = ending.peak_memory_bytes or 0
    if ending.timed_out:
        return Outcome.DEVICE_TIMEOUT, f"not done after {limits.time_s:g} s"
    if ending.signal is None:
        return Outcome.HARNESS_ERROR, f"the child ended with code {ending.code} and without a report"
    what = f"ended by {signal_name(ending.signal)}"
    if peak >= _NEAR_LIMIT * limits.memory_bytes:
        return Outcome.OUT_OF_MEMORY, f"{what} with {peak >> 20} of {limits.memory_bytes >> 20} MiB in use"
    if ending.signal in OWN_SIGNALS:
        return Outcome.CRASH, what
    return Outcome.INFRA_ERROR, f"{what} from outside, with {peak >> 20} of {limits.memory_bytes >> 20} MiB in use"


def _placed(heard: Heard, outcome: Outcome, what: str) -> Finding:
    """What a death means at the stage where it happened: only while it loads and runs is it the network's."""
    message = f"{what} at stage {heard.stage}" + (f" of {heard.sample}" if heard.sample else "")
    judged = roll_up(heard.cases, heard.samples, fixed_sizes=True)
    match heard.stage:
        case Stage.LOCALISE if judged.outcome.group is Group.PRODUCT:
            # The cases are judged and the canary has lived: just the layer stays unknown.
            return replace(judged, message=f"{judged.message}; the layer is not known: {what}")
        case _ if outcome.group is not Group.PRODUCT:
            return Finding(outcome, cause_of(outcome), message)
        case Stage.LOAD | Stage.RUN:
            return Finding(outcome, cause_of(outcome), message)
        case Stage.CANARY:
            return Finding(Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, f"canary failed: {message}")
        case Stage.FETCH if outcome is Outcome.DEVICE_TIMEOUT:
            return Finding(Outcome.INFRA_ERROR, Cause.INFRA, message)
    return Finding(Outcome.HARNESS_ERROR, Cause.HARNESS, message)


def _cases(heard: Heard, finding: Finding) -> tuple[CaseReport, ...]:
    """The cases that were told; the one that the child died at has the finding, those after it never had a chance."""
    told = {case.sample: case for case in heard.cases}
    at_sample = heard.stage in (Stage.RUN, Stage.COMPARE)
    cases = []
    for name in heard.samples:
        if name in told:
            cases.append(told[name])
        elif at_sample and name == heard.sample:
            cases.append(CaseReport(name, finding.outcome, finding.message))
        else:
            cases.append(CaseReport(name, Outcome.PRECLUDED, "the attempt ended before it"))
    return tuple(cases)
