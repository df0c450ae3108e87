"""Groups of nodes that are computed together: a head, and what can be done to its result piece by piece."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.epilogue import Combine, Stage
from mcore.platform.runtime.pointwise import pointwise

#: Ufuncs of two operands whose order does not matter.
COMMUTATIVE = {"add": np.add, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum}

#: Ops after which stages may follow.
HEADS = frozenset({"conv2d", "conv_transpose2d", "linear", "batch_norm", *COMMUTATIVE, "sub", "div"})


@dataclass(frozen=True, slots=True)
class Group:
    """``head`` and the ``stages`` after it; ``outputs`` are the values that others may read."""

    head: BoundNode
    stages: tuple[Stage, ...]
    outputs: tuple[str, ...]


def fuse(binding: Binding, heads: frozenset[int]) -> list[Group]:
    """Groups in an order in which they can run; ``heads`` are the positions of the nodes that may have stages."""
    readers: dict[str, list[int]] = defaultdict(list)
    for position, node in enumerate(binding.nodes):
        for name in node.operands:
            readers[name].append(position)
    kept = set(binding.outputs.values())
    absorbed: set[int] = set()
    placed: dict[int, Group] = {}
    for position, node in enumerate(binding.nodes):
        if position in absorbed:
            continue
        stages: list[Stage] = []
        last, outputs = position, node.outputs
        while position in heads and outputs[0] not in kept and len(readers[outputs[0]]) == 1:
            (reader,) = readers[outputs[0]]
            stage = _stage(binding, binding.nodes[reader], outputs[0])
            if stage is None or reader in absorbed:
                break
            stages.append(stage)
            absorbed.add(reader)
            last, outputs = reader, binding.nodes[reader].outputs
        # The group stands where its last node stood: all that its stages read is made before.
        placed[last] = Group(node, tuple(stages), outputs)
    return [placed[position] for position in sorted(placed)]


def _stage(binding: Binding, node: BoundNode, value: str) -> Stage | None:
    """What ``node`` does to ``value``, if that can be done in place, element by element."""
    if node.kernel is not None or binding.types[node.outputs[0]] != binding.types[value]:
        return None
    if node.op in COMMUTATIVE and len(node.operands) == 2:
        (other,) = (name for name in node.operands if name != value)
        if other in binding.constants or binding.types[other] != binding.types[value]:
            return None
        return Combine(COMMUTATIVE[node.op], other)
    return pointwise(node)
