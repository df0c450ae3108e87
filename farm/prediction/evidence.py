"""What a verdict says of the traits of its graph; pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from farm.prediction.belief import Failure, Observation
from farm.prediction.traits import op_of
from farm.states.verdict import Verdict

#: Verdicts that are evidence; the others say nothing of the device type and the graph.
EVIDENCE = (Verdict.SUPPORTED, Verdict.UNSUPPORTED, Verdict.FAILED, Verdict.PARTIAL, Verdict.FLAKY)


def observed(
    traits: Collection[str], verdict: Verdict, lacking: Sequence[str] = (), layer_op: str | None = None
) -> Observation:
    """One graph that was judged.

    Args:
        traits: of the graph.
        verdict: one of ``EVIDENCE``.
        lacking: what the device said that it lacks, ``conv2d`` or ``conv2d: kernel larger than 7``.
        layer_op: the op of the layer that introduced a wrong result, where it was found.
    """
    own = frozenset(traits)
    if verdict is Verdict.SUPPORTED:
        return Observation(own)
    if verdict in (Verdict.PARTIAL, Verdict.FLAKY):
        # The same ops were right at another size, or at another time: not theirs alone.
        return Observation(own, (Failure(frozenset()),))
    failures = [named for what in lacking if (named := _lacking(own, what)).suspects]
    if not failures and layer_op is not None and (suspects := _of_op(own, layer_op)):
        failures = [Failure(suspects)]
    return Observation(own, tuple(failures) or (Failure(own),))


def _lacking(traits: frozenset[str], what: str) -> Failure:
    """An op that a device lacks altogether is named by itself; with a reason, something about its use is what it lacks."""
    op, _, reason = what.partition(":")
    return Failure(_of_op(traits, op) - {op} if reason else traits & {op}, said=True)


def _of_op(traits: frozenset[str], op: str) -> frozenset[str]:
    return frozenset(trait for trait in traits if op_of(trait) == op)
