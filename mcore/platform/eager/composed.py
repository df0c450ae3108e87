"""Functions of layers that torch has in more forms than the op, or that are a few ops together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import run
from mcore.platform.errors import BackendError
from mcore.platform.ops.resize import per_axis

Sizes = int | Sequence[int]


def interpolate(
    input: Tensor,
    size: Sizes | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, H, W), (N, C, L) or (N, C, D, H, W) at another size.

    With ``recompute_scale_factor``, and in mode ``area``, which takes means, the factor only sets the size, not the sampling.
    """
    axes = input.ndim - 2
    if scale_factor is not None and (recompute_scale_factor or mode == "area"):
        given = tuple(scale_factor) if isinstance(scale_factor, Sequence) else (scale_factor,)
        size = tuple(int(s * f) for s, f in zip(input.shape[2:], per_axis(given, axes), strict=True))
        scale_factor = None
    if mode == "area":
        return run(f"adaptive_avg_pool{axes}d", (input,), {"output_size": size})
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


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x1 @ weight[k] @ x2`` for each ``k``, plus a bias: (..., I), (..., J) and (K, I, J) to (..., K)."""
    rows = run("linear", (input2, run("flatten", (weight,), {"start_dim": 0, "end_dim": 1})), {})
    forms = run("reshape", (rows,), {"shape": (*input2.shape[:-1], *weight.shape[:2])})
    result = run("matmul", (forms, run("unsqueeze", (input1,), {"dim": -1})), {})
    result = run("squeeze", (result,), {"dim": -1})
    total: Tensor = result if bias is None else run("add", (result, bias), {})
    return total


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between ``x1`` and ``x2`` along ``dim``; they broadcast."""
    shape = np.broadcast_shapes(x1.shape, x2.shape)
    first, second = (
        run("normalize", (run("expand", (x,), {"size": shape}),), {"dim": dim, "eps": eps}) for x in (x1, x2)
    )
    result: Tensor = run("sum", (run("mul", (first, second), {}),), {"dim": dim})
    return result


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    interpolate,
    scaled_dot_product_attention,
    bilinear,
    cosine_similarity,
)
