"""Whether a replay came to the same as the attempt that it repeats: values in, values out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workers.capsule.contents import Expected
from workers.outcome import Group
from workers.report import AttemptReport, CaseReport, TensorError
from workers.stack import stack_changes

SAME, OTHER, NOT_REPLAYED = 0, 1, 3
#: Figures of the same stack on another machine may differ in their last digits: BLAS takes other kernels there.
CLOSE = 1e-3
_FIGURES = ("max_abs_error", "max_rel_error", "sqnr_db", "share_outside")


@dataclass(frozen=True, slots=True)
class Likeness:
    """The exit code, what is to be said, and how the stack differs: ``numpy 2.4.0 → 2.4.1``."""

    code: int
    said: str
    stack: tuple[str, ...] = ()


def likeness(expected: Expected, found: AttemptReport) -> Likeness:
    """Whether the verdict is the same; and where the stack is the same, whether the figures are.

    On another stack figures may differ for good reason: there the verdict alone decides.
    """
    changed = stack_changes(expected.stack, found.stack) if found.stack else ()
    said = _not_replayed(expected, found)
    if said:
        return Likeness(NOT_REPLAYED, said, changed)
    others = list(_other_verdicts(expected, found))
    if others:
        return Likeness(OTHER, f"another verdict: {'; '.join(others)}", changed)
    figures = list(_other_figures(expected, found))
    if figures and not changed:
        more = f"; and {len(figures) - 1} more" if len(figures) > 1 else ""
        return Likeness(OTHER, f"the same verdict on the same stack, but other figures: {figures[0]}{more}")
    if figures:
        return Likeness(SAME, "the same verdict, with other figures on another stack", changed)
    return Likeness(SAME, "the same verdict and the same figures", changed)


def _not_replayed(expected: Expected, found: AttemptReport) -> str:
    """Why the replay says nothing of the network; empty where it does, or where the attempt itself ended just so."""
    if found.outcome.group not in (Group.HARNESS, Group.INFRA):
        return ""
    if (found.outcome, found.message) == (expected.outcome, expected.message):
        return ""
    return f"it could not be replayed here: {found.outcome}: {found.message}"


def _other_verdicts(expected: Expected, found: AttemptReport) -> Iterator[str]:
    if found.outcome is not expected.outcome:
        yield f"{expected.outcome} then, {found.outcome} now" + (f" ({found.message})" if found.message else "")
        return
    if set(found.unsupported) != set(expected.unsupported):
        then, now = (", ".join(ops) or "nothing" for ops in (expected.unsupported, found.unsupported))
        yield f"it lacked {then}, and lacks {now} now"
    outcomes = {case.sample: case.outcome for case in found.cases}
    for case in expected.cases:
        outcome = outcomes.get(case.sample)
        if outcome is not case.outcome:
            yield f"{case.sample}: {case.outcome} then, {outcome or 'nothing'} now"


def _other_figures(expected: Expected, found: AttemptReport) -> Iterator[str]:
    now = {case.sample: case for case in found.cases}
    for case in expected.cases:
        if (other := now.get(case.sample)) is None:
            continue
        tensors = _tensors(other)
        for key, tensor in _tensors(case).items():
            if key not in tensors:
                if not tensor.run:  # a further run that gives something else comes when it likes
                    yield f"{case.sample}: {tensor.layer or tensor.output!r} was compared, and is not now"
                continue
            for figure in _FIGURES:
                was, value = getattr(tensor, figure), getattr(tensors[key], figure)
                if not math.isclose(was, value, rel_tol=CLOSE, abs_tol=1e-12):
                    yield f"{case.sample}: {figure} of {tensor.output!r} was {was:.6g}, and is {value:.6g}"
        layers = [c.first_divergent_layer and c.first_divergent_layer.value for c in (case, other)]
        if layers[0] != layers[1]:
            yield f"{case.sample}: the first divergent layer was {layers[0]}, and is {layers[1]}"


def _tensors(case: CaseReport) -> Mapping[tuple[str, str, int], TensorError]:
    # Of an op's layers: which of them is the worst may hang on the last digits.
    return {(tensor.layer, "" if tensor.layer else tensor.output, tensor.run): tensor for tensor in case.tensors}
