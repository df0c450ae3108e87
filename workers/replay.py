"""Replaying a bundle on a driver and judging it: what the child process of an attempt does."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from workers.canary import canary_failure
from workers.compare import compare_outputs
from workers.driver import DeviceLost, DeviceOutOfMemory, Driver, LoadRejected, Session
from workers.evidence import Finding, cause_of, has_fixed_sizes, roll_up, weigh, with_canary
from workers.localise import first_divergent_layer
from workers.outcome import Cause, Group, Outcome
from workers.policy import Policy
from workers.report import AttemptReport, CaseReport, LayerError, Stage

#: Runs that a latency is the median of, as far as they fit into this many seconds a sample.
REPEATS = 3
REPEAT_S = 2.0

Mark = Callable[[Stage], None]


def replay(driver: Driver, bundle: Bundle, policy: Policy, nonce: str, mark: Mark) -> AttemptReport:
    """All samples of ``bundle`` on ``driver``, with a canary before, and another after a failure.

    ``mark`` is told each stage before it begins. What a driver raises on purpose becomes an outcome; any other exception is
    let through: the caller calls it a harness error.
    """
    report = AttemptReport(
        outcome=Outcome.HARNESS_ERROR,
        cause=Cause.HARNESS,
        message="",
        stage=Stage.DONE,
        bundle=str(bundle.manifest.identity),
        nonce=nonce,
        stack=driver.fingerprint(),
    )
    if lacking := tuple(driver.unsupported(bundle.graph)):
        report = replace(report, unsupported=lacking)
        return _concluded(report, _finding(Outcome.UNSUPPORTED_OP, f"the device lacks {', '.join(lacking)}"))
    try:
        mark(Stage.CANARY)
        if failure := canary_failure(driver):
            return _concluded(report, with_canary(_finding(Outcome.PRECLUDED, ""), failure))
        report, finding = _judged(driver, bundle, policy, report, mark)
        if finding.outcome.group is Group.PRODUCT:
            mark(Stage.CANARY)
            finding = with_canary(finding, canary_failure(driver))
        return _concluded(report, finding)
    except LoadRejected as error:
        return _concluded(report, _finding(Outcome.LOAD_REJECTED, str(error)))
    except DeviceOutOfMemory as error:
        return _concluded(report, _finding(Outcome.OUT_OF_MEMORY, str(error)))
    except DeviceLost as error:
        return _concluded(report, _finding(Outcome.INFRA_ERROR, f"the unit was lost: {error}"))


def _judged(
    driver: Driver, bundle: Bundle, policy: Policy, report: AttemptReport, mark: Mark
) -> tuple[AttemptReport, Finding]:
    mark(Stage.LOAD)
    started = time.perf_counter()
    session = driver.load(bundle)
    load_ms = _since(started)
    mark(Stage.RUN)
    try:
        cases = [_case(session, sample, policy) for sample in bundle.samples]
    finally:
        session.close()
    finding = roll_up(cases, [sample.name for sample in bundle.samples], fixed_sizes=has_fixed_sizes(bundle))
    if any(case.outcome is Outcome.MISMATCH for case in cases):
        mark(Stage.LOCALISE)
        cases = _localised(driver, bundle, policy, cases)
    return replace(report, load_ms=load_ms, cases=tuple(cases)), finding


def _case(session: Session, sample: Sample, policy: Policy) -> CaseReport:
    try:
        # Warming up on other inputs of the same size shows a device that gives back what it computed before.
        session.run({name: np.flip(value).copy() for name, value in sample.inputs.items()})
        outputs, latency_ms = _timed(session, sample.inputs)
    except DeviceOutOfMemory as error:
        return CaseReport(sample.name, Outcome.OUT_OF_MEMORY, str(error))
    compared = compare_outputs(outputs, sample.outputs, policy)
    case = CaseReport(sample.name, compared.outcome, compared.message, compared.tensors, latency_ms)
    return weigh(case, sample, policy)


def _timed(session: Session, inputs: Mapping[str, np.ndarray]) -> tuple[Mapping[str, np.ndarray], float]:
    """Outputs of the first run, and the median time of all runs in milliseconds."""
    began = started = time.perf_counter()
    outputs = session.run(inputs)
    times = [_since(started)]
    while len(times) < REPEATS and _since(began) < REPEAT_S * 1000:
        started = time.perf_counter()
        session.run(inputs)
        times.append(_since(started))
    return outputs, statistics.median(times)


def _localised(driver: Driver, bundle: Bundle, policy: Policy, cases: list[CaseReport]) -> list[CaseReport]:
    """The first mismatched case with its first divergent layer; one is enough to show where to look."""
    at = next(i for i, case in enumerate(cases) if case.outcome is Outcome.MISMATCH)
    try:
        layer: LayerError | None = first_divergent_layer(driver, bundle, bundle.samples[at], policy)
        note = "" if layer else "; no inner value differs when it is fetched alone"
    except NotImplementedError:
        layer, note = None, "; this device cannot run parts of a network, so the layer is not known"
    found = replace(cases[at], first_divergent_layer=layer, message=cases[at].message + note)
    return [*cases[:at], found, *cases[at + 1 :]]


def _finding(outcome: Outcome, message: str) -> Finding:
    return Finding(outcome, cause_of(outcome), message)


def _concluded(report: AttemptReport, finding: Finding) -> AttemptReport:
    return replace(report, outcome=finding.outcome, cause=finding.cause, message=finding.message)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
