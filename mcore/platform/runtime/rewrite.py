"""Rewrites of a bound graph that change no value: dead nodes go, constants are computed, identities are skipped."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mcore.platform.graph import TensorType
from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.forms import RESHAPES

#: Results larger than this are computed at each run rather than kept, in bytes.
LARGEST_CONSTANT = 64 << 20


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
    kept = []
    for node in binding.nodes:
        size = sum(size_bytes(binding.types[name]) for name in node.outputs)
        if node.kernel is not None or size > LARGEST_CONSTANT or not all(i in constants for i in node.operands):
            kept.append(node)
            continue
        arrays = node.compute([None if i is None else constants[i] for i in node.inputs], binding.types)
        for name, array in zip(node.outputs, arrays, strict=True):
            constants.keep(name, np.ascontiguousarray(array).reshape(array.shape))
    return replace(binding, nodes=tuple(kept), constants=constants)


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
