"""Other shapes of the same elements."""

from __future__ import annotations

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.rules import Shape, dimension


@writes("reshape")
def _reshape(e: Emitter, x: Value, *, shape: Shape) -> str:
    return e.reshape(x, e.out[0].shape)


@writes("flatten")
def _flatten(e: Emitter, x: Value, *, start_dim: int, end_dim: int) -> str:
    return e.reshape(x, e.out[0].shape)


@writes("permute")
def _permute(e: Emitter, x: Value, *, dims: tuple[int, ...]) -> str:
    return e.transpose(x, [dimension(d, x.rank) for d in dims])


@writes("transpose")
def _transpose(e: Emitter, x: Value, *, dim0: int, dim1: int) -> str:
    order = list(range(x.rank))
    if order:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return e.transpose(x, order)


@writes("expand")
def _expand(e: Emitter, x: Value, *, size: Shape) -> str:
    return e("Expand", x, e.ints([1 if s == -1 else s for s in size]))


@writes("squeeze")
def _squeeze(e: Emitter, x: Value, *, dim: tuple[int, ...] | None) -> str:
    named = range(x.rank) if dim is None else [dimension(d, x.rank) for d in dim]
    dropped = [d for d in named if x.rank and x.shape[d] == 1]
    if x.rank - len(dropped) != len(e.out[0].shape):
        return e.reshape(x, e.out[0].shape)  # a size that is one only here stays
    return e("Squeeze", x, e.ints(dropped)) if dropped else e("Identity", x)


@writes("unsqueeze")
def _unsqueeze(e: Emitter, x: Value, *, dim: int) -> str:
    return e("Unsqueeze", x, e.ints([dimension(dim, x.rank + 1)]))


@writes("pixel_shuffle")
def _pixel_shuffle(e: Emitter, x: Value, *, upscale_factor: int) -> str:
    if x.rank == 4:
        return e("DepthToSpace", x, blocksize=upscale_factor, mode="CRD")
    *batch, c, h, w = x.shape
    n, r = len(batch), upscale_factor
    blocks = e.reshape(x, (*batch, c // r**2, r, r, h, w))
    order = [*range(n), n, n + 3, n + 1, n + 4, n + 2]
    return e.reshape(e.transpose(blocks, order), e.out[0].shape)


@writes("pixel_unshuffle")
def _pixel_unshuffle(e: Emitter, x: Value, *, downscale_factor: int) -> str:
    *batch, c, h, w = x.shape
    n, r = len(batch), downscale_factor
    blocks = e.reshape(x, (*batch, c, h // r, r, w // r, r))
    order = [*range(n), n, n + 2, n + 4, n + 1, n + 3]
    return e.reshape(e.transpose(blocks, order), e.out[0].shape)


@writes("channel_shuffle")
def _channel_shuffle(e: Emitter, x: Value, *, groups: int) -> str:
    n, c, *rest = x.shape
    dealt = e.reshape(x, (n, groups, c // groups, *rest))
    return e.reshape(e.transpose(dealt, [0, 2, 1, *range(3, x.rank + 1)]), x.shape)
