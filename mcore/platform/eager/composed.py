"""Functions of torch that the Platform has no op for, or not in this form: each is a few ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import plain, run
from mcore.platform.errors import BackendError

Sizes = int | Sequence[int]
Dims = int | Sequence[int] | None


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """Exponentials that sum to one over ``dim``, which must be given; computed in ``dtype``."""
    return _over_dimension("softmax", input, dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """Logarithm of :func:`softmax`."""
    return _over_dimension("log_softmax", input, dim, dtype)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: str | Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of (N, C, L); ``padding`` may be ``valid``, or ``same`` for the input's size at stride 1."""
    return _convolution("conv1d", input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: str | Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of (N, C, H, W); ``padding`` may be ``valid``, or ``same`` for the input's size at stride 1."""
    return _convolution("conv2d", input, weight, bias, stride, padding, dilation, groups)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Mean of each of ``output_size`` windows over (N, C, H, W); ``None`` for a size keeps the input's."""
    return run("adaptive_avg_pool2d", (input,), {"output_size": _kept(input, output_size)})


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
    """Largest value of each of ``output_size`` windows over (N, C, H, W); ``None`` for a size keeps the input's."""
    if return_indices:
        raise BackendError("the Platform has no adaptive_max_pool2d with return_indices=True")
    return run("adaptive_max_pool2d", (input,), {"output_size": _kept(input, output_size)})


def interpolate(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, H, W) at another size; with ``recompute_scale_factor`` the factor only sets the size, not the sampling."""
    if recompute_scale_factor and scale_factor is not None:
        factors = scale_factor if isinstance(scale_factor, Sequence) else (scale_factor,) * 2
        size = tuple(int(s * f) for s, f in zip(input.shape[2:], factors, strict=True))
        scale_factor = None
    attributes = {"size": size, "scale_factor": scale_factor, "mode": mode}
    attributes |= {"align_corners": align_corners, "antialias": antialias}
    return run("interpolate", (input,), attributes)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of each matrix of (B, N, M) with its one of (B, M, P)."""
    if input.ndim != 3 or mat2.ndim != 3:
        raise BackendError(f"bmm takes two tensors of 3 dimensions, not {input.shape} and {mat2.shape}")
    return run("matmul", (input, mat2), {})


def square(input: Tensor) -> Tensor:
    """``x * x``."""
    return run("mul", (input, input), {})


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Softmax of ``query @ key.T * scale``, masked, times ``value``; https://arxiv.org/abs/1706.03762."""
    if dropout_p:
        raise BackendError(f"the Platform has no scaled_dot_product_attention with dropout_p={dropout_p}")
    attributes = {"is_causal": is_causal, "scale": scale}
    return run("scaled_dot_product_attention", (query, key, value, attn_mask), attributes)


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Tensor:
    """Mean over ``dim``, or over all; computed in ``dtype``."""
    return _reduce("mean", input, dtype, {"dim": dim, "keepdim": keepdim})


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, dtype: DType | None = None) -> Tensor:
    """Sum over ``dim``, or over all; computed in ``dtype``."""
    return _reduce("sum", input, dtype, {"dim": dim, "keepdim": keepdim})


def cumsum(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """Sums of the first 1, 2, 3, ... elements along ``dim``; computed in ``dtype``."""
    return _reduce("cumsum", input, dtype, {"dim": dim})


def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool = True,
    keepdim: bool = False,
    correction: float | None = None,
) -> Tensor:
    """Variance over ``dim``, or over all: the squares summed, over their number less ``correction`` (1 if ``unbiased``)."""
    less = int(unbiased) if correction is None else correction
    return _reduce("var", input, None, {"dim": dim, "keepdim": keepdim, "correction": less})


def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool = True,
    keepdim: bool = False,
    correction: float | None = None,
) -> Tensor:
    """Square root of :func:`var`."""
    return run("sqrt", (var(input, dim, unbiased, keepdim, correction),), {})


def movedim(input: Tensor, source: Sizes, destination: Sizes) -> Tensor:
    """Dimensions ``source`` at the places ``destination``, the others in their order."""
    sources, places = ([d % input.ndim for d in ((v,) if isinstance(v, int) else v)] for v in (source, destination))
    order = [d for d in range(input.ndim) if d not in sources]
    for place, dim in sorted(zip(places, sources, strict=True)):
        order.insert(place, dim)
    return run("permute", (input,), {"dims": order})


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension ``dim`` as dimensions of ``sizes``, one of which may be -1."""
    at = dim % input.ndim
    parts = plain(tuple(sizes))
    known = prod(s for s in parts if s != -1)
    filled = [input.shape[at] // known if s == -1 else s for s in parts]
    return run("reshape", (input,), {"shape": (*input.shape[:at], *filled, *input.shape[at + 1 :])})


def _reduce(name: str, input: Tensor, dtype: DType | None, attributes: Mapping[str, Any]) -> Tensor:
    if dtype is not None:
        input = run("cast", (input,), {"dtype": dtype})
    return run(name, (input,), attributes)


def _over_dimension(name: str, input: Tensor, dim: int | None, dtype: DType | None) -> Tensor:
    if dim is None:
        raise BackendError(f"{name} needs a dim: which one torch takes if it is left out depends on the rank")
    return _reduce(name, input, dtype, {"dim": dim})


def _convolution(
    name: str,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: str | Sizes,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    if padding == "valid":
        padding = 0
    elif padding == "same":
        kernel = weight.shape[2:]
        steps, gaps = ((v,) * len(kernel) if isinstance(v, int) else v for v in (stride, dilation))
        if set(steps) != {1}:
            raise BackendError("padding='same' needs a stride of 1")
        totals = [gap * (size - 1) for gap, size in zip(gaps, kernel, strict=True)]
        # Where a total is odd, the larger half comes after.
        borders = [part for total in reversed(totals) for part in (total // 2, total - total // 2)]
        input, padding = run("pad", (input,), {"pad": borders}), 0
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return run(name, (input, weight, bias), attributes)


def _kept(input: Tensor, output_size: Any) -> tuple[int, ...]:
    sizes = output_size if isinstance(output_size, Sequence) else (output_size,) * 2
    return tuple(own if size is None else size for own, size in zip(input.shape[-2:], sizes, strict=True))


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    softmax,
    log_softmax,
    conv1d,
    conv2d,
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    interpolate,
    bmm,
    square,
    scaled_dot_product_attention,
    mean,
    sum,
    cumsum,
    var,
    std,
    movedim,
    unflatten,
)
