"""What a pass is made of, and how cases make the outcome and cause of an attempt: values in, values out.

A ``PASS`` is not the absence of a failure. It takes three or more samples (or all, of an architecture whose sizes are fixed),
in each of them every output present, with more than one value and sensitive to its input, and the bundle's identity and the
nonce echoed by the process that did the work. Anything less is ``VACUOUS``: the farm did not look hard enough to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from workers.outcome import Cause, Group, Outcome, worst
from workers.policy import Policy
from workers.report import AttemptReport, CaseReport, TensorError

MIN_SAMPLES = 3
#: Least change of an output for another input, relative to its peak. With default initial weights the outputs of deep
#: networks change by less than 1e-6, and any wrong kernel would pass.
MIN_SENSITIVITY = 0.05

_CAUSES = {
    Outcome.CONVERT_FAILED: Cause.CONVERTER,
    Outcome.MODEL_FAILED: Cause.MODEL_CODE,
    Outcome.REFERENCE_INVALID: Cause.REFERENCE,
}
_GROUP_CAUSES = {
    Group.PRODUCT: Cause.DEVICE_STACK,
    Group.SUPPORT: Cause.DEVICE_STACK,
    Group.HARNESS: Cause.HARNESS,
    Group.INFRA: Cause.INFRA,
    Group.GOOD: Cause.UNKNOWN,
    Group.SKIPPED: Cause.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome and cause of an attempt, and one line that says why."""

    outcome: Outcome
    cause: Cause
    message: str = ""


def cause_of(outcome: Outcome) -> Cause:
    """The cause that an outcome speaks for when nothing else is known; a good outcome has none and says ``UNKNOWN``."""
    return _CAUSES.get(outcome, _GROUP_CAUSES[outcome.group])


@dataclass(frozen=True, slots=True)
class Worth:
    """What a golden output is worth: its elements, whether they, more than one, are all the same, and its sensitivity."""

    elements: int
    constant: bool
    sensitivity: float | None


def worth_of(sample: Sample, name: str) -> Worth:
    """What the golden output ``name`` of ``sample`` is worth."""
    golden = sample.outputs[name]
    # A single element is always constant: for it, sensitivity alone has to speak.
    constant = golden.size > 1 and bool(np.all(golden == golden.flat[0]))
    return Worth(golden.size, constant, sample.sensitivity.get(name))


def worths_of(sample: Sample) -> dict[str, Worth]:
    """What each golden output of ``sample`` is worth."""
    return {name: worth_of(sample, name) for name in sample.outputs}


def lacks(sample: Sample, policy: Policy) -> str:
    """Why agreement with the golden outputs of ``sample`` would prove nothing; ``""`` when it would prove something."""
    return too_little(worths_of(sample), policy)


def too_little(worths: Mapping[str, Worth], policy: Policy) -> str:
    """The same of golden outputs of these worths."""
    needed = max(MIN_SENSITIVITY, policy.atol_rel)
    for name, worth in worths.items():
        if not worth.elements:
            return f"output {name!r} is empty"
        if worth.constant:
            return f"output {name!r} is constant"
        if worth.sensitivity is None:
            return f"the sample does not say how sensitive output {name!r} is to the input"
        if not worth.sensitivity >= needed:
            return f"output {name!r} changes by {worth.sensitivity:.3g} of its peak for another input, {needed:g} is needed"
    return ""


def weigh(case: CaseReport, sample: Sample, policy: Policy) -> CaseReport:
    """``case``, with what its goldens are worth, and ``VACUOUS`` for a good outcome that the sample is too weak to support."""
    worths = worths_of(sample)
    if case.tensors:
        case = replace(case, tensors=tuple(_with_worth(error, worths) for error in case.tensors))
    return weighed(case, worths, policy)


def weighed(case: CaseReport, worths: Mapping[str, Worth], policy: Policy) -> CaseReport:
    """``case``, with ``VACUOUS`` in place of a good outcome that goldens of these worths are too weak to support."""
    if case.outcome.group is Group.GOOD and (reason := too_little(worths, policy)):
        return replace(case, outcome=Outcome.VACUOUS, message=reason)
    return case


def _with_worth(error: TensorError, worths: Mapping[str, Worth]) -> TensorError:
    if error.layer or error.spread is None or error.output not in worths:
        return error
    worth = worths[error.output]
    return replace(error, spread=replace(error.spread, constant=worth.constant, sensitivity=worth.sensitivity))


def has_fixed_sizes(bundle: Bundle) -> bool:
    """Whether the architecture accepts its sample sizes only, so that fewer than three samples are all there can be."""
    return all(graph.metadata.get("fixed") is True for graph in bundle.graphs)


def roll_up(cases: Sequence[CaseReport], expected: Iterable[str], *, fixed_sizes: bool) -> Finding:
    """Outcome and cause of an attempt from its cases; the worst wins, and its message names the sample.

    ``expected`` are the names of all samples of the bundle. A good outcome needs each of them, and enough of them.
    """
    expected = tuple(expected)
    if not expected:
        return Finding(Outcome.VACUOUS, Cause.HARNESS, "the bundle has no samples")
    if missing := sorted(set(expected) - {case.sample for case in cases}):
        unreported = [CaseReport(name, Outcome.HARNESS_ERROR, "the sample was not reported") for name in missing]
        cases = [*cases, *unreported]
    outcome = worst(case.outcome for case in cases)
    if outcome.group is Group.GOOD and len(expected) < MIN_SAMPLES and not fixed_sizes:
        return Finding(
            Outcome.VACUOUS, Cause.HARNESS, f"the bundle has {len(expected)} samples, {MIN_SAMPLES} are needed"
        )
    case = next(case for case in cases if case.outcome is outcome)
    return Finding(outcome, cause_of(outcome), f"{case.sample}: {case.message}" if case.message else "")


def with_canary(finding: Finding, failure: str) -> Finding:
    """``finding`` in the light of the canary: what a unit says that fails a known-good network counts for nothing.

    Findings about the harness stay, since they hold on any unit.
    """
    if not failure or finding.outcome.group is Group.HARNESS:
        return finding
    return Finding(Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, f"canary failed: {failure}")


def confirm(report: AttemptReport, *, bundle: str, nonce: str) -> AttemptReport:
    """``report``, with ``VACUOUS`` in place of a good outcome that does not echo the bundle asked for and the nonce."""
    if report.outcome.group is not Group.GOOD:
        return report
    for what, echoed, wanted in (("bundle", report.bundle, bundle), ("nonce", report.nonce, nonce)):
        if echoed != wanted:
            message = f"the report echoes another {what} than was asked for"
            return replace(report, outcome=Outcome.VACUOUS, cause=Cause.HARNESS, message=message)
    return report
