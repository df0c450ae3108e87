"""A case judged again by another policy, from what was kept of it: values in, values out, and no device.

The answer is that of a replay of the very same results, or none: :class:`NeedsReplay` says what was not kept, or not closely
enough. What tolerances have no say in (a crash, a wrong shape, a value that is not finite, an integer that differs) stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers.judging.compare import Comparison, all_of, margin_of, most_used, said_of
from workers.judging.evidence import Finding, Worth, roll_up, weighed
from workers.judging.judge import both_runs, fallen_back
from workers.outcome import Group, Outcome
from workers.policy import Policy, Scope
from workers.report import CaseReport, TensorError
from workers.spread import ROUNDING, element_gate, share_above

#: Outcomes of a case that other tolerances may change.
OPEN = (Outcome.PASS, Outcome.PASS_FALLBACK, Outcome.MISMATCH, Outcome.NONDETERMINISTIC, Outcome.VACUOUS)


class NeedsReplay(Exception):  # noqa: N818
    """What was kept does not tell what a replay would; the text says why."""


def rejudged_case(case: CaseReport, policy: Policy) -> CaseReport:
    """``case`` as ``policy`` judges it; raises :class:`NeedsReplay`."""
    again = max((error.run for error in case.tensors), default=0)
    if again and case.firm is not Outcome.PASS:
        raise NeedsReplay("two runs on the same inputs differ, one of them in more than tolerances judge")
    if case.outcome not in OPEN:
        return case
    if case.firm is None or not case.tensors or any(error.spread is None for error in case.tensors):
        raise NeedsReplay("it was run by a version that kept no statistics")
    compared = _of_run(case, 0, policy)
    if again:
        compared = both_runs(compared, _of_run(case, 1, policy))
    judged = replace(case, outcome=compared.outcome, message=compared.message, tensors=compared.tensors)
    if case.fallback:
        judged = fallen_back(judged, case.fallback)
    if judged.outcome.group is Group.GOOD:
        judged = replace(judged, first_divergent_layer=None)
    return weighed(judged, _worths(case.tensors), policy)


def rejudged_finding(
    found: Outcome, before: Sequence[CaseReport], after: Sequence[CaseReport], samples: Sequence[str]
) -> Finding | None:
    """The finding of an attempt whose outcome was ``found``, and whose cases are ``after`` now; ``None``: as before.

    ``samples`` are the names of all samples of the bundle. Raises :class:`NeedsReplay`.
    """
    if not before:
        return None
    was, finding = (roll_up(cases, samples, fixed_sizes=True) for cases in (before, after))
    if was.outcome is not found and found.group is not Group.HARNESS:
        return None  # it was not the cases that decided: a canary, a child that died
    if finding.outcome is was.outcome:
        return finding if was.outcome is found else None
    if found.group is Group.HARNESS:
        raise NeedsReplay("whether the unit was sound does not show, since what it gave proved nothing")
    turned_good = finding.outcome.group is Group.GOOD and found.group is not Group.GOOD
    if turned_good and roll_up(after, samples, fixed_sizes=False).outcome is not finding.outcome:
        raise NeedsReplay("it has few samples, and whether its sizes are fixed is not recorded")
    return finding


def _of_run(case: CaseReport, number: int, policy: Policy) -> Comparison:
    """One run of a case: its firm outcome beside what the gates say."""
    firm = case.firm or Outcome.PASS
    said = case.message if case.outcome is firm else f"{firm} whatever the tolerances"
    compared = [Comparison(firm, said if firm is not Outcome.PASS else "", firm=firm)]
    errors = [error for error in case.tensors if error.run == number]
    if policy.judged is Scope.LAYERS and number == 0 and not any(error.layer for error in errors):
        raise NeedsReplay("its layers were not run alone")
    return all_of([*compared, *(_judged(error, policy) for error in errors)])


def _judged(error: TensorError, policy: Policy) -> Comparison:
    by_layers = policy.judged is Scope.LAYERS
    assert error.spread is not None
    if error.spread.nonfinite or (error.spread.elements and not error.spread.corners):
        return Comparison(Outcome.PASS, tensors=(error,))  # not finite, or exact: its outcome is a firm one
    if bool(error.layer) is not by_layers:
        return Comparison(Outcome.PASS, tensors=(replace(error, margin=None),))
    used = element_gate(error.spread, policy)
    _, least = most_used(used.least, error.sqnr_db, error.cosine, policy)
    gate, most = most_used(used.most, error.sqnr_db, error.cosine, policy)
    if least <= 1.0 + ROUNDING and most > 1.0 - ROUNDING:
        raise NeedsReplay(f"{error.output!r} is so near to the limit that what was kept of its errors does not tell")
    judged = replace(error, margin=margin_of(most), share_outside=share_above(error.spread, policy))
    if most <= 1.0:
        return Comparison(Outcome.PASS, tensors=(judged,))
    return Comparison(Outcome.MISMATCH, said_of(judged, gate, policy), (judged,))


def _worths(tensors: Sequence[TensorError]) -> dict[str, Worth]:
    return {
        error.output: Worth(error.spread.elements, error.spread.constant, error.spread.sensitivity)
        for error in tensors
        if not error.layer and error.spread is not None
    }
