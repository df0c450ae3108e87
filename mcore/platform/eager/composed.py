"""Functions of layers that torch has in more forms than the op: borders by name, sizes that stay, dtypes to compute in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import run
from mcore.platform.errors import BackendError

Sizes = int | Sequence[int]


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


def _over_dimension(name: str, input: Tensor, dim: int | None, dtype: DType | None) -> Tensor:
    if dim is None:
        raise BackendError(f"{name} needs a dim: which one torch takes if it is left out depends on the rank")
    if dtype is not None:
        input = run("cast", (input,), {"dtype": dtype})
    return run(name, (input,), {"dim": dim})


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
    scaled_dot_product_attention,
)
