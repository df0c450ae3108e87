"""Replaying a bundle on a driver and judging it: what the child process of an attempt does."""

from __future__ import annotations

import statistics
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from workers.canary import canary_failure
from workers.channel import Judged, Message, Reached
from workers.codec import one_line
from workers.driver import (
    DeviceCrashed,
    DeviceLost,
    DeviceOutOfMemory,
    DeviceTimedOut,
    Driver,
    DriverError,
    LoadRejected,
    Session,
    checked_outputs,
    lacking_on,
    placement_of,
)
from workers.judging.evidence import Finding, cause_of, has_fixed_sizes, roll_up, weigh, with_canary
from workers.judging.judge import both_runs, compared_with_golden, fallen_back
from workers.judging.layers import SAID, by_layers, layers_of
from workers.judging.localise import first_divergent_layer
from workers.outcome import Cause, Outcome
from workers.policy import Policy, Scope
from workers.report import CaseReport, Stage

#: Runs that a latency is the median of, as far as they fit into this many seconds a sample.
REPEATS = 5
REPEAT_S = 1.0

Tell = Callable[[Message], None]
Outputs = Mapping[str, np.ndarray]

#: What a driver raises about a network, and the outcome that it is.
_OUTCOMES: dict[type[BaseException], Outcome] = {
    LoadRejected: Outcome.LOAD_REJECTED,
    DeviceOutOfMemory: Outcome.OUT_OF_MEMORY,
    MemoryError: Outcome.OUT_OF_MEMORY,
    DeviceCrashed: Outcome.CRASH,
    DeviceTimedOut: Outcome.DEVICE_TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it."""

    finding: Finding
    cases: tuple[CaseReport, ...] = ()
    unsupported: tuple[str, ...] = ()
    load_ms: float | None = None


def replay(driver: Driver, bundle: Bundle, policy: Policy, tell: Tell, *, measure: bool = True) -> Replayed:
    """All samples of ``bundle`` on ``driver``, between two canaries; the layer is looked for after a wrong result.

    ``tell`` is told each stage before it begins and each case when it is judged. What a driver raises on purpose becomes an
    outcome; an exception that is neither about one sample is let through: the caller calls it a harness error. Without
    ``measure`` a sample is run no more often than judging it takes, and has no latency.
    """
    if lacking := lacking_on(driver, bundle.graphs):
        return Replayed(_finding(Outcome.UNSUPPORTED_OP, f"the device lacks {', '.join(lacking)}"), unsupported=lacking)
    tell(Reached(Stage.CANARY))
    if failure := canary_failure(driver):
        return Replayed(with_canary(_finding(Outcome.PRECLUDED, ""), failure))
    replayed = _between_canaries(driver, bundle, policy, tell, measure)
    if replayed.finding.cause is Cause.DEVICE_UNIT:
        return replayed
    tell(Reached(Stage.CANARY))
    replayed = replace(replayed, finding=with_canary(replayed.finding, canary_failure(driver)))
    if replayed.finding.outcome in (Outcome.MISMATCH, Outcome.NONFINITE):
        tell(Reached(Stage.LOCALISE))
        return replace(replayed, cases=_localised(driver, bundle, policy, replayed.cases))
    return replayed


def _between_canaries(driver: Driver, bundle: Bundle, policy: Policy, tell: Tell, measure: bool) -> Replayed:
    tell(Reached(Stage.LOAD))
    started = time.perf_counter()
    try:
        session = driver.load(bundle)
    except DeviceLost as error:
        return Replayed(_lost(error))
    except tuple(_OUTCOMES) as error:
        return Replayed(_finding(_outcome_of(error), _said(error)))
    load_ms = _since(started)
    cases: list[CaseReport] = []
    lost: Finding | None = None
    try:
        for sample in bundle.samples:
            if lost:
                case = CaseReport(sample.name, Outcome.PRECLUDED, "the unit was lost before it")
            else:
                case, lost = _case(driver, session, bundle, sample, policy, tell, measure)
            tell(Judged(case))
            cases.append(case)
    finally:
        session.close()
    found = roll_up(cases, [sample.name for sample in bundle.samples], fixed_sizes=has_fixed_sizes(bundle))
    return Replayed(lost or found, tuple(cases), load_ms=load_ms)


def _case(
    driver: Driver, session: Session, bundle: Bundle, sample: Sample, policy: Policy, tell: Tell, measure: bool
) -> tuple[CaseReport, Finding | None]:
    """The case of one sample, and the finding on the attempt if the unit was lost meanwhile."""
    tell(Reached(Stage.RUN, sample.name))
    try:
        # Warming up on other inputs of the same size shows a device that gives back what it computed before.
        checked_outputs(session.run({name: np.flip(value).copy() for name, value in sample.inputs.items()}))
        if measure:
            outputs, latency_ms, other = _timed(session, sample.inputs)
        else:
            outputs, latency_ms, other = session.run(sample.inputs), None, None
    except DeviceLost as error:
        return CaseReport(sample.name, Outcome.INFRA_ERROR, _said(error)), _lost(error)
    except tuple(_OUTCOMES) as error:
        return CaseReport(sample.name, _outcome_of(error), _said(error)), None
    except Exception as error:  # what nobody foresaw is the harness's: never a pass, never blamed on the network
        traceback.print_exc()
        return CaseReport(sample.name, Outcome.HARNESS_ERROR, _said(error)), None
    tell(Reached(Stage.COMPARE, sample.name))
    compared = compared_with_golden(outputs, bundle, sample, policy)
    if other is not None:
        compared = both_runs(compared, compared_with_golden(other, bundle, sample, policy))
    case = CaseReport(sample.name, compared.outcome, compared.message, compared.tensors, latency_ms, firm=compared.firm)
    if policy.judged is Scope.LAYERS:
        try:
            case = by_layers(case, list(layers_of(driver, bundle, sample, policy)))
        except DeviceLost as error:
            return CaseReport(sample.name, Outcome.INFRA_ERROR, _said(error)), _lost(error)
    return weigh(_placed(case, session), sample, policy), None


def _placed(case: CaseReport, session: Session) -> CaseReport:
    """``case``, with ``PASS_FALLBACK`` for a pass that the accelerator has only a part in."""
    placement = placement_of(session)
    if placement is None:
        return case
    print(f"{case.sample}: {placement}")  # into the log of the attempt
    return fallen_back(case, str(placement)) if placement.fallen_back else case


def _timed(session: Session, inputs: Outputs) -> tuple[Outputs, float, Outputs | None]:
    """Outputs of the first run, the median time of all runs in milliseconds, and the first outputs that are not the same."""
    began = started = time.perf_counter()
    outputs = session.run(inputs)
    times = [_took(session, started)]
    other: Outputs | None = None
    while len(times) < REPEATS and _since(began) < REPEAT_S * 1000:
        started = time.perf_counter()
        again = session.run(inputs)
        times.append(_took(session, started))
        if other is None and not _same(again, outputs):
            other = again
    return outputs, statistics.median(times), other


def _same(one: Outputs, other: Outputs) -> bool:
    """Bit for bit, but for the sign of zero and what a NaN carries."""
    return one.keys() == other.keys() and all(
        np.array_equal(value, other[name], equal_nan=np.asarray(value).dtype.kind == "f") for name, value in one.items()
    )


def _localised(driver: Driver, bundle: Bundle, policy: Policy, cases: tuple[CaseReport, ...]) -> tuple[CaseReport, ...]:
    """The smallest wrong case with its first divergent layer; one is enough to show where to look.

    Not finding it takes nothing from the finding: whatever goes wrong here is said in the message.
    """
    sizes = {sample.name: sum(value.size for value in sample.inputs.values()) for sample in bundle.samples}
    wrong = [case for case in cases if case.outcome in (Outcome.MISMATCH, Outcome.NONFINITE)]
    if any(case.first_divergent_layer for case in wrong):
        return cases  # its layers were judged one by one
    chosen = min(wrong, key=lambda case: sizes[case.sample])
    sample = next(sample for sample in bundle.samples if sample.name == chosen.sample)
    layer, note = None, ""
    try:
        layer = first_divergent_layer(driver, bundle, sample, policy)
        note = "" if layer else "; no inner value differs when it is fetched"
    except NotImplementedError:
        note = "; the layer is not known: this device cannot run parts of a network"
    except Exception as error:  # the harness's or the device's, but not worth the finding
        traceback.print_exc()
        note = f"; the layer is not known: {_said(error)}"
    found = replace(chosen, first_divergent_layer=layer, message=chosen.message + note)
    return tuple(found if case is chosen else case for case in cases)


def _outcome_of(error: BaseException) -> Outcome:
    return next(outcome for kind, outcome in _OUTCOMES.items() if isinstance(error, kind))


def _lost(error: DeviceLost) -> Finding:
    return Finding(Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, f"the unit was lost: {_said(error)}")


def _finding(outcome: Outcome, message: str) -> Finding:
    return Finding(outcome, cause_of(outcome), message)


def _said(error: BaseException) -> str:
    """An error in one line; the type is named where it is not one that drivers raise on purpose."""
    text = one_line(error, SAID)
    return text if isinstance(error, DriverError) else f"{type(error).__name__}: {text}"


def _took(session: Session, started: float) -> float:
    """Milliseconds of a run that has just ended: by the device's own clock where it has one, else by this host's."""
    own: float | None = getattr(session, "run_ms", None)
    return _since(started) if own is None else own


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
