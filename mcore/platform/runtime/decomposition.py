"""Ops that are others on a view of their input: signals are images of height one, shuffles are permutations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.runtime.binding import Binding, BoundNode


def decomposed(binding: Binding) -> Binding:
    """Each such op as what it is made of; injected kernels are left alone."""
    types = dict(binding.types)
    nodes: list[BoundNode] = []
    for node in binding.nodes:
        make = None if node.kernel is not None else _DECOMPOSITIONS.get(node.op)
        chain = _Chain(node, types)
        if make is None or not make(node, chain):
            nodes.append(node)
        else:
            nodes += chain.finished()
    return replace(binding, nodes=tuple(nodes), types=types)


class _Chain:
    """Nodes in the place of one: each method adds one and returns the name of its result."""

    def __init__(self, node: BoundNode, types: dict[str, TensorType]) -> None:
        self._node, self._types, self._made = node, types, list[BoundNode]()

    def shape(self, name: str) -> tuple[int, ...]:
        return self._types[name].concrete({})

    def is_float32(self, name: str) -> bool:
        return self._types[name].dtype is DType.FLOAT32

    def add(self, op: str, *inputs: str | None, **attributes: Any) -> str:
        normal = registry.get(op).normalise(attributes)
        (kind,) = registry.get(op).types([None if i is None else self._types[i] for i in inputs], normal)
        name = f"{self._node.outputs[0]} step {len(self._made)}"
        self._types[name] = TensorType(kind.dtype, kind.concrete({}))
        self._made.append(BoundNode(op, inputs, (name,), normal, self._node.label))
        return name

    def reshape(self, name: str, *shape: int) -> str:
        return self.add("reshape", name, shape=shape)

    def finished(self) -> list[BoundNode]:
        """All nodes; the last one makes what the replaced one made."""
        *first, last = self._made
        del self._types[last.outputs[0]]
        return [*first, replace(last, outputs=self._node.outputs)]


def _convolution(node: BoundNode, chain: _Chain) -> bool:
    x, weight, *bias = node.operands
    if not chain.is_float32(x):
        return False
    pairs = {name: (1, *node.attributes[name]) for name in ("stride", "dilation")}
    image, kernel = chain.add("unsqueeze", x, dim=2), chain.add("unsqueeze", weight, dim=2)
    padding, groups = (0, *node.attributes["padding"]), node.attributes["groups"]
    y = chain.add("conv2d", image, kernel, *bias, padding=padding, groups=groups, **pairs)
    chain.add("squeeze", y, dim=2)
    return True


def _norm(node: BoundNode, chain: _Chain) -> bool:
    """A norm of another rank than an image's."""
    x, *others = node.inputs
    assert x is not None
    shape = chain.shape(x)
    if len(shape) == 4 or not chain.is_float32(x) or not all(shape):
        return False
    image = chain.reshape(x, *shape[:2], 1, math.prod(shape[2:]))
    chain.reshape(chain.add(node.op, image, *others, **node.attributes), *shape)
    return True


def _pixel_shuffle(node: BoundNode, chain: _Chain) -> bool:
    (x,) = node.operands
    *batch, c, h, w = chain.shape(x)
    r, n = node.attributes["upscale_factor"], math.prod(batch)
    parts = chain.add("permute", chain.reshape(x, n, c // r**2, r, r, h, w), dims=(0, 1, 4, 2, 5, 3))
    chain.reshape(parts, *batch, c // r**2, h * r, w * r)
    return True


def _pixel_unshuffle(node: BoundNode, chain: _Chain) -> bool:
    (x,) = node.operands
    *batch, c, h, w = chain.shape(x)
    r, n = node.attributes["downscale_factor"], math.prod(batch)
    parts = chain.add("permute", chain.reshape(x, n, c, h // r, r, w // r, r), dims=(0, 1, 3, 5, 2, 4))
    chain.reshape(parts, *batch, c * r**2, h // r, w // r)
    return True


def _channel_shuffle(node: BoundNode, chain: _Chain) -> bool:
    (x,) = node.operands
    n, c, *rest = chain.shape(x)
    groups = node.attributes["groups"]
    parts = chain.add("transpose", chain.reshape(x, n, groups, c // groups, *rest), dim0=1, dim1=2)
    chain.reshape(parts, n, c, *rest)
    return True


_DECOMPOSITIONS: dict[str, Callable[[BoundNode, _Chain], bool]] = {
    "conv1d": _convolution,
    "batch_norm": _norm,
    "group_norm": _norm,
    "instance_norm": _norm,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "channel_shuffle": _channel_shuffle,
}
