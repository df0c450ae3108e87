"""Rewrites of a bound graph that change no value: dead nodes go, constants are computed, identities are skipped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from mcore.platform.graph import TensorType, is_weight
from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.constants import Constants
from mcore.platform.runtime.forms import RESHAPES

#: Results larger than this are computed at each run rather than kept, in bytes.
LARGEST_CONSTANT = 64 << 20

#: What is computed of weights alone, of so many bytes or more, is not kept beside the form that its reader makes of it.
HANDED_OVER = 1 << 20


def simplified(binding: Binding) -> Binding:
    """All the rewrites."""
    return without_dead(with_constants(without_identities(without_dead(binding))))


def without_dead(binding: Binding) -> Binding:
    """Only the nodes that an output needs."""
    wanted = set(binding.outputs.values())
    kept: list[BoundNode] = []
    for node in reversed(binding.nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(node.operands)
    return replace(binding, nodes=tuple(reversed(kept)))


def with_constants(binding: Binding) -> Binding:
    """Nodes whose inputs are all known are computed now; injected kernels and very large results are left alone."""
    constants = binding.constants.copy()
    uses = Counter(name for node in binding.nodes for name in node.operands)
    uses.update(binding.outputs.values())
    kept = []
    for node in binding.nodes:
        size = sum(size_bytes(binding.types[name]) for name in node.outputs)
        if node.kernel is not None or size > LARGEST_CONSTANT or not all(i in constants for i in node.operands):
            kept.append(node)
            continue
        is_part = all(map(is_weight, node.operands))  # of weights: else making it again could take making others again
        for position, array in enumerate(_computed(node, constants, binding.types)):
            name = node.outputs[position]
            if is_part and array.nbytes >= HANDED_OVER and uses[name] == 1:
                constants.hand_over(name, array, partial(_again, node, position, constants, binding.types))
            else:
                constants.keep(name, array)
    return replace(binding, nodes=tuple(kept), constants=constants)


def _computed(node: BoundNode, constants: Constants, types: Mapping[str, TensorType]) -> list[np.ndarray]:
    """Outputs of a node whose inputs are known; never views, for they would keep all the memory that a weight lies in."""
    arrays = node.compute([None if i is None else constants[i] for i in node.inputs], types)
    return [np.array(array, order="C") for array in arrays]


def _again(node: BoundNode, position: int, constants: Constants, types: Mapping[str, TensorType]) -> np.ndarray:
    return _computed(node, constants, types)[position]


def size_bytes(kind: TensorType) -> int:
    """Memory of a value of a concrete type."""
    return math.prod(kind.concrete({})) * kind.dtype.numpy.itemsize


def without_identities(binding: Binding) -> Binding:
    """Nodes that return their input, or what it was reshaped from, are replaced by it."""
    same: dict[str, str] = {}
    reshaped: dict[str, str] = {}
    kept = []
    for node in binding.nodes:
        renamed = replace(node, inputs=tuple(None if i is None else same.get(i, i) for i in node.inputs))
        if node.kernel is None and node.op in RESHAPES:
            (output,), source = node.outputs, renamed.operands[0]
            reshaped[output] = source
            while binding.types[source] != binding.types[output] and source in reshaped:
                source = reshaped[source]
            if binding.types[source] == binding.types[output]:
                same[output] = source
                continue
        if is_resize_to_same_size(renamed, binding):
            same[node.outputs[0]] = renamed.operands[0]
            continue
        kept.append(renamed)
    outputs = {name: same.get(value, value) for name, value in binding.outputs.items()}
    return replace(binding, nodes=tuple(kept), outputs=outputs)


def is_resize_to_same_size(node: BoundNode, binding: Binding) -> bool:
    """Whether an ``interpolate`` returns its input as it is."""
    if node.kernel is not None or node.op != "interpolate" or node.attributes["antialias"]:
        return False
    is_scaled = any(factor != 1 for factor in node.attributes["scale_factor"] or ())
    return not is_scaled and binding.types[node.operands[0]] == binding.types[node.outputs[0]]
