"""Indices of a ranking (``topk``, ``sort``, ``argmax``) are judged by the values that they point at: of ties any may be first.

Two devices that agree to the last digit but one may put nearly equal values in another order. So where indices differ, what
the device's point at is compared with what the golden's point at, by the gates of the policy, on the golden values that were
ranked. No index may come twice, nor lie outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

import mcore.platform.ops  # noqa: F401  (fills the registry)
from mcore.platform.graph import Graph
from mcore.platform.ops import registry

#: By op: which of its outputs are indices.
_INDICES = {"topk": 1, "sort": 1, "argsort": 0, "argmax": 0, "argmin": 0}

Arrays = Mapping[str, np.ndarray]
Fetch = Callable[[str], np.ndarray]


@dataclass(frozen=True, slots=True)
class Ranking:
    """An output that holds indices into the value ``ranked``, along ``dim`` (``None``: flat)."""

    output: str
    ranked: str
    dim: int | None
    keeps: bool


def rankings_of(graph: Graph) -> tuple[Ranking, ...]:
    """The outputs of ``graph`` that are the indices of a ranking of floating-point values."""
    makers = {name: (node, position) for node in graph.nodes for position, name in enumerate(node.outputs)}
    found = []
    for output, value in graph.outputs.items():
        if value not in makers:
            continue
        node, position = makers[value]
        ranked = node.inputs[0] if node.inputs else None
        if _INDICES.get(node.op) == position and ranked is not None:
            said = registry.get(node.op).normalise(node.attributes)
            found.append(Ranking(output, ranked, said["dim"], said.get("keepdim", True)))
    return tuple(found)


def by_value(outputs: Arrays, goldens: Arrays, rankings: tuple[Ranking, ...], fetch: Fetch) -> tuple[Arrays, Arrays]:
    """Outputs and goldens with values in place of those indices that differ; ``fetch`` gives a golden inner value by name."""
    ours, theirs = dict(outputs), dict(goldens)
    for ranking in rankings:
        found, golden = outputs.get(ranking.output), goldens.get(ranking.output)
        if found is None or golden is None or found.shape != golden.shape or found.dtype != golden.dtype:
            continue
        if golden.dtype.kind != "i" or np.array_equal(found, golden):
            continue
        ranked = fetch(ranking.ranked)
        if ranked.dtype.kind == "f" and _may_stand(found, ranked, ranking):
            ours[ranking.output] = _pointed_at(ranked, found, ranking)
            theirs[ranking.output] = _pointed_at(ranked, golden, ranking)
    return ours, theirs


def _may_stand(indices: np.ndarray, ranked: np.ndarray, ranking: Ranking) -> bool:
    count = ranked.size if ranking.dim is None else ranked.shape[ranking.dim]
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= count):
        return False
    if ranking.dim is None or not ranking.keeps or indices.ndim != ranked.ndim:
        return True
    sorted_ = np.sort(indices, axis=ranking.dim)
    return bool((np.diff(sorted_, axis=ranking.dim) > 0).all())


def _pointed_at(ranked: np.ndarray, indices: np.ndarray, ranking: Ranking) -> np.ndarray:
    if ranking.dim is None:
        return np.asarray(ranked.reshape(-1)[indices])
    if ranking.keeps:
        return np.take_along_axis(ranked, indices, ranking.dim)
    return np.take_along_axis(ranked, np.expand_dims(indices, ranking.dim), ranking.dim).squeeze(ranking.dim)
