"""Normalisation: batch, layer, RMS, group, instance and local response norm at inference, and unit norm.

Means and variances are taken in float64 and rounded once; the rest is done in the element type of ``x``, or for float16 in
float32.
"""

from __future__ import annotations

import numpy as np

from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import (
    Shape,
    Size,
    check_equal,
    check_floating,
    check_positive,
    check_rank,
    dimension,
    product,
)

_EPS = Attribute("eps", "float", 1e-5)


def _check_vectors(size: Size, **vectors: TensorType | None) -> None:
    for name, vector in vectors.items():
        if vector is not None:
            check_rank(name, vector, 1)
            check_equal(f"the size of {name}", vector.shape[0], size)


def _per_channel(vector: np.ndarray, rank: int) -> np.ndarray:
    return vector.reshape(1, -1, *[1] * (rank - 2))


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.promote_types(x.dtype, np.float32), copy=False)


def _standardise(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    """``x`` less its mean over ``axes``, divided by its standard deviation there; in float32 or float64."""
    x = _wide(x)
    if not x.size:
        return x
    mean = x.mean(axes, dtype=np.float64, keepdims=True)
    variance = x.var(axes, dtype=np.float64, keepdims=True)
    scale = 1 / np.sqrt(variance + eps)
    return ((x - mean) * scale).astype(x.dtype, copy=False)


def _affine(x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None) -> np.ndarray:
    """``x`` times and plus a value for each channel."""
    if weight is not None:
        x = x * _per_channel(weight, x.ndim)
    return x if bias is None else x + _per_channel(bias, x.ndim)


def _infer_batch_norm(
    x: TensorType,
    running_mean: TensorType | None,
    running_var: TensorType | None,
    weight: TensorType | None,
    bias: TensorType | None,
    *,
    eps: float,
) -> tuple[TensorType, ...]:
    check_floating("x", x)
    if len(x.shape) < 2:
        raise ShapeError("x must have two dimensions or more")
    if (running_mean is None) != (running_var is None):
        raise ShapeError("running_mean and running_var are given both or not at all")
    if running_mean is None and product((x.shape[0], *x.shape[2:])) == 1:
        raise ShapeError("without running statistics it needs more than one value for each channel")
    _check_vectors(x.shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    return (x,)


@op(
    "batch_norm",
    inputs=("x", "running_mean?", "running_var?", "weight?", "bias?"),
    infer=_infer_batch_norm,
    attributes=(_EPS,),
)
def batch_norm(
    x: np.ndarray,
    running_mean: np.ndarray | None = None,
    running_var: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    *,
    eps: float,
) -> np.ndarray:
    """Batch norm on ``x`` (N, C, ...): by the stored statistics of each channel, or the batch's (Ioffe & Szegedy, 2015)."""
    if running_mean is None or running_var is None:
        result = _standardise(x, (0, *range(2, x.ndim)), eps)
        return _affine(result, weight, bias).astype(x.dtype, copy=False)
    wide = _wide(x)
    scale = 1 / np.sqrt(running_var.astype(np.float64) + eps)
    if weight is not None:
        scale = scale * weight
    centred = wide - _per_channel(running_mean.astype(wide.dtype), x.ndim)
    return _affine(centred, scale.astype(wide.dtype), bias).astype(x.dtype, copy=False)


def _infer_layer_norm(
    x: TensorType, weight: TensorType | None, bias: TensorType | None, *, normalized_shape: Shape, eps: float
) -> tuple[TensorType, ...]:
    check_floating("x", x)
    rank = len(normalized_shape)
    if not 0 < rank <= len(x.shape):
        raise ShapeError(f"normalized_shape has {rank} dimensions, x has {len(x.shape)}")
    _check_shape("x", x.shape[-rank:], normalized_shape)
    for name, vector in (("weight", weight), ("bias", bias)):
        if vector is not None:
            _check_shape(name, vector.shape, normalized_shape)
    return (x,)


def _check_shape(name: str, shape: Shape, wanted: Shape) -> None:
    if len(shape) != len(wanted):
        raise ShapeError(f"{name} must have {len(wanted)} dimensions")
    for size, target in zip(shape, wanted, strict=True):
        check_equal(f"a normalised dimension of {name}", size, target)


@op(
    "layer_norm",
    inputs=("x", "weight?", "bias?"),
    infer=_infer_layer_norm,
    attributes=(Attribute("normalized_shape", "sizes"), _EPS),
    order=("x", "normalized_shape", "weight", "bias", "eps"),
)
def layer_norm(
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    *,
    normalized_shape: tuple[int, ...],
    eps: float,
) -> np.ndarray:
    """Zero mean and unit variance over the last dimensions, ``normalized_shape`` (Ba et al., 2016)."""
    result = _standardise(x, tuple(range(-len(normalized_shape), 0)), eps)
    if weight is not None:
        result = result * weight
    return (result if bias is None else result + bias).astype(x.dtype, copy=False)


def _infer_rms_norm(
    x: TensorType, weight: TensorType | None, *, normalized_shape: Shape, eps: float | None
) -> tuple[TensorType, ...]:
    return _infer_layer_norm(x, weight, None, normalized_shape=normalized_shape, eps=eps or 0.0)


@op(
    "rms_norm",
    inputs=("x", "weight?"),
    infer=_infer_rms_norm,
    attributes=(Attribute("normalized_shape", "sizes"), Attribute("eps", "float?", None)),
    order=("x", "normalized_shape", "weight", "eps"),
)
def rms_norm(
    x: np.ndarray, weight: np.ndarray | None = None, *, normalized_shape: tuple[int, ...], eps: float | None
) -> np.ndarray:
    """``x`` divided by its root mean square over the last dimensions, ``normalized_shape`` (Zhang & Sennrich, 2019).

    ``eps`` is the smallest step above one of float64 for float64, of float32 for the others, if it is not given.
    """
    wide = _wide(x)
    least = np.finfo(wide.dtype).eps if eps is None else eps
    squares = np.square(wide, dtype=np.float64).mean(tuple(range(-len(normalized_shape), 0)), keepdims=True)
    result = (wide / np.sqrt(squares + least)).astype(wide.dtype)
    return (result if weight is None else result * weight).astype(x.dtype, copy=False)


def _infer_local_response_norm(
    x: TensorType, *, size: int, alpha: float, beta: float, k: float
) -> tuple[TensorType, ...]:
    check_floating("x", x)
    if len(x.shape) < 3:
        raise ShapeError("x must have three dimensions or more")
    check_positive(size=[size])
    return (x,)


@op(
    "local_response_norm",
    inputs=("x",),
    infer=_infer_local_response_norm,
    attributes=(
        Attribute("size", "int"),
        Attribute("alpha", "float", 1e-4),
        Attribute("beta", "float", 0.75),
        Attribute("k", "float", 1.0),
    ),
)
def local_response_norm(x: np.ndarray, *, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    """``x / (k + alpha * mean) ** beta``, the mean of the squares of ``size`` channels around (Krizhevsky et al., 2012).

    Channels beyond the first and the last count as zeros; of an even ``size`` one more is before than after.
    """
    channels = x.shape[1]
    before, after = min(size // 2, channels), min((size - 1) // 2, channels)  # further out there is nothing to add
    squares = np.pad(np.square(x, dtype=np.float64), [(0, 0), (before, after), *[(0, 0)] * (x.ndim - 2)])
    total = sum(squares[:, first : first + channels] for first in range(before + after + 1))
    return np.asarray(x / (k + alpha / size * total) ** beta).astype(x.dtype)


def _infer_group_norm(
    x: TensorType, weight: TensorType | None, bias: TensorType | None, *, num_groups: int, eps: float
) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, (N, C, ...)."""
    check_floating("x", x)
    if len(x.shape) < 2:
        raise ShapeError("x must have two dimensions or more")
    check_positive(num_groups=[num_groups])
    channels = x.shape[1]
    if isinstance(channels, int) and channels % num_groups:
        raise ShapeError(f"{channels} channels do not divide into num_groups={num_groups}")
    _check_vectors(channels, weight=weight, bias=bias)
    return (x,)


@op(
    "group_norm",
    inputs=("x", "weight?", "bias?"),
    infer=_infer_group_norm,
    attributes=(Attribute("num_groups", "int"), _EPS),
    order=("x", "num_groups", "weight", "bias", "eps"),
)
def group_norm(
    x: np.ndarray, weight: np.ndarray | None = None, bias: np.ndarray | None = None, *, num_groups: int, eps: float
) -> np.ndarray:
    """Zero mean and unit variance in each sample's groups of channels (Wu & He, 2018)."""
    grouped = x.reshape(x.shape[0], num_groups, x.shape[1] // num_groups, *x.shape[2:])
    result = _standardise(grouped, tuple(range(2, grouped.ndim)), eps).reshape(x.shape)
    return _affine(result, weight, bias).astype(x.dtype, copy=False)


def _infer_instance_norm(
    x: TensorType,
    running_mean: TensorType | None,
    running_var: TensorType | None,
    weight: TensorType | None,
    bias: TensorType | None,
    *,
    use_input_stats: bool,
    eps: float,
) -> tuple[TensorType, ...]:
    """The shape and type of ``x``, (N, C, ...)."""
    check_floating("x", x)
    if len(x.shape) < 3:
        raise ShapeError("x must have three dimensions or more")
    if not use_input_stats and (running_mean is None or running_var is None):
        raise ShapeError("without use_input_stats it needs running_mean and running_var")
    _check_vectors(x.shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    return (x,)


@op(
    "instance_norm",
    inputs=("x", "running_mean?", "running_var?", "weight?", "bias?"),
    infer=_infer_instance_norm,
    attributes=(Attribute("use_input_stats", "bool", True), _EPS),
)
def instance_norm(
    x: np.ndarray,
    running_mean: np.ndarray | None = None,
    running_var: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    *,
    use_input_stats: bool,
    eps: float,
) -> np.ndarray:
    """Zero mean and unit variance in each channel of each sample (Ulyanov et al., 2016), or by stored statistics."""
    if not use_input_stats and running_mean is not None and running_var is not None:
        return batch_norm(x, running_mean, running_var, weight, bias, eps=eps)
    result = _standardise(x, tuple(range(2, x.ndim)), eps)
    return _affine(result, weight, bias).astype(x.dtype, copy=False)


def _infer_normalize(x: TensorType, *, p: float, dim: int, eps: float) -> tuple[TensorType, ...]:
    check_floating("x", x)
    dimension(dim, len(x.shape))
    return (x,)


@op(
    "normalize",
    inputs=("x",),
    infer=_infer_normalize,
    attributes=(Attribute("p", "float", 2.0), Attribute("dim", "int", 1), Attribute("eps", "float", 1e-12)),
)
def normalize(x: np.ndarray, *, p: float, dim: int, eps: float) -> np.ndarray:
    """``x`` divided by its p-norm along ``dim``, which is taken as ``eps`` where it is smaller.

    For ``p = 0`` the norm is the number of elements other than zero; a negative ``p`` is as in the formula.
    """
    magnitude = np.atleast_1d(np.abs(x).astype(np.float64))
    norm = np.linalg.vector_norm(magnitude, axis=dim, keepdims=True, ord=p)
    return np.asarray(x / np.maximum(norm, eps)).astype(x.dtype, copy=False).reshape(x.shape)
