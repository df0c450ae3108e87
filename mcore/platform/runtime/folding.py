"""Batch norm folded into the convolution before it: the same product with other weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.constants import Constants
from mcore.platform.runtime.operation import PreparedWeights

#: Axis of a convolution's weight that counts its outputs, where it has one group.
_OUTPUT_AXIS = {"conv2d": 0, "conv_transpose2d": 1}


def scale_and_shift(node: BoundNode, constants: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A batch norm as ``x * scale + shift`` for each channel, in float64."""
    mean, variance, weight, bias = (
        None if name is None else constants[name].astype(np.float64) for name in (*node.inputs, None, None)[1:5]
    )
    assert mean is not None
    assert variance is not None
    scale = 1 / np.sqrt(variance + node.attributes["eps"])
    if weight is not None:
        scale = scale * weight
    return scale, (0 if bias is None else bias) - mean * scale


def has_statistics(norm: BoundNode) -> bool:
    """Whether a batch norm is by stored statistics, and not by its batch's."""
    return len(norm.inputs) > 1 and norm.inputs[1] is not None


def fold_batch_norm(binding: Binding, prepared: PreparedWeights) -> Binding:
    """Each batch norm that alone reads a convolution with constant weights becomes part of it."""
    constants, types = binding.constants.copy(), dict(binding.types)
    uses = Counter(i for node in binding.nodes for i in node.operands)
    uses.update(binding.outputs.values())
    nodes: list[BoundNode] = []
    made_at: dict[str, int] = {}
    for node in binding.nodes:
        before = made_at.get(node.operands[0]) if node.operands else None
        if before is not None and uses[node.operands[0]] == 1 and _folds(nodes[before], node, constants, types):
            nodes[before] = _folded(nodes[before], node, constants, types, prepared)
            made_at[node.outputs[0]] = before
            continue
        made_at[node.outputs[0]] = len(nodes)
        nodes.append(node)
    return replace(binding, nodes=tuple(nodes), constants=constants, types=types)


def _folds(convolution: BoundNode, norm: BoundNode, constants: Constants, types: Mapping[str, TensorType]) -> bool:
    return (
        norm.op == "batch_norm"
        and has_statistics(norm)
        and convolution.op in _OUTPUT_AXIS
        and (convolution.op == "conv2d" or convolution.attributes["groups"] == 1)
        and norm.kernel is None
        and convolution.kernel is None
        and all(name in constants for name in (*norm.operands[1:], *convolution.operands[1:]))
        and all(types[name].dtype is DType.FLOAT32 for name in (*norm.operands[1:], *convolution.operands[1:]))
    )


def _folded(
    convolution: BoundNode,
    norm: BoundNode,
    constants: Constants,
    types: dict[str, TensorType],
    prepared: PreparedWeights,
) -> BoundNode:
    """The convolution with new weights; they are named by all that they come from."""
    x, weight, *bias = convolution.operands
    sources = " ".join((*bias, *norm.operands[1:], str(norm.attributes["eps"])))
    scale, shift = scale_and_shift(norm, constants)

    def scaled_weight() -> np.ndarray:
        shape = [1] * 4
        shape[_OUTPUT_AXIS[convolution.op]] = -1
        return constants.scaled(weight, scale.astype(np.float32).reshape(shape))

    def new_bias() -> np.ndarray:
        old = constants[bias[0]].astype(np.float64) if bias else 0
        return np.asarray(shift + old * scale, dtype=np.float32)

    names = f"{weight} scaled by {sources}", f"{weight} bias by {sources}"
    constants.add(names[0], scaled_weight)
    constants.add(names[1], lambda: prepared.get(names[1], "folded", new_bias))
    types[names[0]], types[names[1]] = types[weight], TensorType(DType.FLOAT32, shift.shape)
    return replace(convolution, inputs=(x, *names), outputs=norm.outputs)
