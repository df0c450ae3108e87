"""The same elements in another shape or order of dimensions: reshape, permute, expand, shuffles."""

from __future__ import annotations

from math import prod

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    Shape,
    Size,
    check_not_negative,
    check_positive,
    describe,
    dimension,
    dimensions,
    product,
)


def _infer_reshape(x: TensorType, *, shape: Shape) -> tuple[TensorType, ...]:
    known = product(s for s in shape if s != -1)
    total = product(x.shape)
    mistake = ShapeError(f"{describe(x.shape)} does not reshape to {describe(shape)}")
    if any(isinstance(s, int) and s < -1 for s in shape) or shape.count(-1) > 1:
        raise mistake
    if -1 not in shape:
        if isinstance(known - total, int) and known != total:
            raise mistake
        return (TensorType(x.dtype, shape),)
    if known == 0 or (isinstance(known, int) and isinstance(total, int) and total % known):
        raise mistake
    return (TensorType(x.dtype, tuple(total // known if s == -1 else s for s in shape)),)


@op("reshape", inputs=("x",), infer=_infer_reshape, attributes=(Attribute("shape", "sizes"),))
def reshape(x: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    """``x`` with another shape, elements in row-major order; one size may be -1: what remains."""
    return x.reshape(shape)


def _infer_flatten(x: TensorType, *, start_dim: int, end_dim: int) -> tuple[TensorType, ...]:
    start, end = dimension(start_dim, len(x.shape)), dimension(end_dim, len(x.shape))
    if start > end:
        raise ShapeError(f"start_dim {start_dim} is after end_dim {end_dim}")
    return (TensorType(x.dtype, (*x.shape[:start], product(x.shape[start : end + 1]), *x.shape[end + 1 :])),)


@op(
    "flatten",
    inputs=("x",),
    infer=_infer_flatten,
    attributes=(Attribute("start_dim", "int", 0), Attribute("end_dim", "int", -1)),
)
def flatten(x: np.ndarray, *, start_dim: int, end_dim: int) -> np.ndarray:
    """Dimensions ``start_dim`` to ``end_dim``, both included, as one."""
    start, end = dimension(start_dim, x.ndim), dimension(end_dim, x.ndim)
    middle = int(np.prod(x.shape[start : end + 1], dtype=np.int64))
    return x.reshape(*x.shape[:start], middle, *x.shape[end + 1 :])


def _infer_permute(x: TensorType, *, dims: tuple[int, ...]) -> tuple[TensorType, ...]:
    rank = len(x.shape)
    if len(dims) != rank:
        raise ShapeError(f"{len(dims)} dimensions are named, x has {rank}")
    return (TensorType(x.dtype, tuple(x.shape[d] for d in dimensions(dims, rank))),)


@op("permute", inputs=("x",), infer=_infer_permute, attributes=(Attribute("dims", "ints"),))
def permute(x: np.ndarray, *, dims: tuple[int, ...]) -> np.ndarray:
    """Dimension ``i`` of the result is dimension ``dims[i]`` of ``x``."""
    return x.transpose(dims)


def _infer_transpose(x: TensorType, *, dim0: int, dim1: int) -> tuple[TensorType, ...]:
    shape = list(x.shape)
    first, second = dimension(dim0, len(shape)), dimension(dim1, len(shape))
    if shape:
        shape[first], shape[second] = shape[second], shape[first]
    return (TensorType(x.dtype, tuple(shape)),)


@op(
    "transpose",
    inputs=("x",),
    infer=_infer_transpose,
    attributes=(Attribute("dim0", "int"), Attribute("dim1", "int")),
)
def transpose(x: np.ndarray, *, dim0: int, dim1: int) -> np.ndarray:
    """``x`` with two dimensions exchanged."""
    return x.swapaxes(dim0, dim1) if x.ndim else x


def _expanded(shape: Shape, size: Shape) -> Shape:
    """``size`` with the sizes of ``shape``, which it ends with, for -1."""
    if len(size) < len(shape):
        raise ShapeError(f"{describe(size)} has fewer dimensions than {describe(shape)}")
    result: list[Size] = list(size)
    for axis, own in enumerate(shape, start=len(size) - len(shape)):
        wanted = size[axis]
        if wanted == -1:
            result[axis] = own
        elif own != 1 and isinstance(own, int) and isinstance(wanted, int) and own != wanted:
            raise ShapeError(f"size {own} does not expand to {wanted}")
    check_not_negative(size=result)
    return tuple(result)


@op(
    "expand",
    inputs=("x",),
    infer=lambda x, *, size: (TensorType(x.dtype, _expanded(x.shape, size)),),
    attributes=(Attribute("size", "sizes"),),
)
def expand(x: np.ndarray, *, size: tuple[int, ...]) -> np.ndarray:
    """``x`` repeated along its dimensions of size one, and new ones in front; -1 keeps a size. A read-only view."""
    return np.broadcast_to(x, [int(s) for s in _expanded(x.shape, size) if isinstance(s, int)])


def _squeezed(shape: Shape, dim: tuple[int, ...] | None) -> tuple[int, ...]:
    """The dimensions to drop: those of ``dim`` (all for ``None``) that have size one."""
    named = range(len(shape)) if dim is None else (dimensions(dim, len(shape)) if dim else ())
    return tuple(d for d in named if shape and shape[d] == 1)


def _infer_squeeze(x: TensorType, *, dim: tuple[int, ...] | None) -> tuple[TensorType, ...]:
    dropped = _squeezed(x.shape, dim)
    return (TensorType(x.dtype, tuple(s for d, s in enumerate(x.shape) if d not in dropped)),)


@op("squeeze", inputs=("x",), infer=_infer_squeeze, attributes=(Attribute("dim", "ints?", None),))
def squeeze(x: np.ndarray, *, dim: tuple[int, ...] | None) -> np.ndarray:
    """``x`` without those of the dimensions ``dim`` (all by default) that have size one.

    A symbolic size is taken to be other than one.
    """
    return x.squeeze(_squeezed(x.shape, dim))


def _infer_unsqueeze(x: TensorType, *, dim: int) -> tuple[TensorType, ...]:
    position = dimension(dim, len(x.shape) + 1)
    return (TensorType(x.dtype, (*x.shape[:position], 1, *x.shape[position:])),)


@op("unsqueeze", inputs=("x",), infer=_infer_unsqueeze, attributes=(Attribute("dim", "int"),))
def unsqueeze(x: np.ndarray, *, dim: int) -> np.ndarray:
    """``x`` with a new dimension of size one at ``dim`` of the result."""
    return np.expand_dims(x, dim)


def _split_off(size: Size, factor: int, what: str) -> Size:
    check_positive(factor=[factor])
    if isinstance(size, int) and size % factor:
        raise ShapeError(f"{what} {size} is not a multiple of {factor}")
    return size // factor


def _image(x: TensorType) -> tuple[Shape, Size, Size, Size]:
    if len(x.shape) < 3:
        raise ShapeError("x must have three dimensions or more")
    return x.shape[:-3], x.shape[-3], x.shape[-2], x.shape[-1]


def _infer_pixel_shuffle(x: TensorType, *, upscale_factor: int) -> tuple[TensorType, ...]:
    batch, c, h, w = _image(x)
    c = _split_off(c, max(upscale_factor, 0) ** 2, "the number of channels")
    return (TensorType(x.dtype, (*batch, c, h * upscale_factor, w * upscale_factor)),)


@op("pixel_shuffle", inputs=("x",), infer=_infer_pixel_shuffle, attributes=(Attribute("upscale_factor", "int"),))
def pixel_shuffle(x: np.ndarray, *, upscale_factor: int) -> np.ndarray:
    """``(..., C * r², H, W)`` to ``(..., C, H * r, W * r)``: channels become pixels (Shi et al., 2016)."""
    *batch, c, h, w = x.shape
    r = upscale_factor
    blocks = x.reshape(prod(batch), c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(*batch, c // r**2, h * r, w * r)


def _infer_pixel_unshuffle(x: TensorType, *, downscale_factor: int) -> tuple[TensorType, ...]:
    batch, c, h, w = _image(x)
    h, w = (_split_off(s, downscale_factor, "the height or width") for s in (h, w))
    return (TensorType(x.dtype, (*batch, c * downscale_factor**2, h, w)),)


@op("pixel_unshuffle", inputs=("x",), infer=_infer_pixel_unshuffle, attributes=(Attribute("downscale_factor", "int"),))
def pixel_unshuffle(x: np.ndarray, *, downscale_factor: int) -> np.ndarray:
    """``(..., C, H * r, W * r)`` to ``(..., C * r², H, W)``: the reverse of :func:`pixel_shuffle`."""
    *batch, c, h, w = x.shape
    r = downscale_factor
    blocks = x.reshape(prod(batch), c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4)
    return blocks.reshape(*batch, c * r**2, h // r, w // r)


def _infer_channel_shuffle(x: TensorType, *, groups: int) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, (N, C, ...)."""
    if len(x.shape) < 3:
        raise ShapeError("x must have three dimensions or more")
    _split_off(x.shape[1], groups, "the number of channels")
    return (x,)


@op("channel_shuffle", inputs=("x",), infer=_infer_channel_shuffle, attributes=(Attribute("groups", "int"),))
def channel_shuffle(x: np.ndarray, *, groups: int) -> np.ndarray:
    """Channels dealt out across their groups (Zhang et al., 2017)."""
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(x.shape)
