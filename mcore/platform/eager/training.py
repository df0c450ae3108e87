"""Functions that do more in training than their op, which is theirs at inference: batch statistics, and dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import overwrite, run
from mcore.platform.eager.random import generator
from mcore.platform.ops.activation import SELU_ALPHA, SELU_SCALE


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Batch norm of (N, C, ...): by running statistics, or in ``training`` by the batch's, which move the running ones."""
    if training and input.ndim > 1:
        count = _several(input, input.numel() // input.shape[1])
        mean, variance = _statistics(input, (0, *range(2, input.ndim)))
        if running_mean is not None and running_var is not None:
            _move(running_mean, running_var, mean, variance, count, momentum)
        running_mean, running_var = Tensor(mean), Tensor(variance)
    elif running_mean is None or running_var is None:
        raise ValueError("batch_norm needs running_mean and running_var, or training=True")
    return run("batch_norm", (input, running_mean, running_var, weight, bias), {"eps": eps})


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Norm of each map of (N, C, ...) by its own statistics, which move running ones if given; or by those."""
    count = _several(input, input.numel() // (input.shape[0] * input.shape[1])) if use_input_stats else 0
    if use_input_stats and running_mean is not None and running_var is not None:
        mean, variance = _statistics(input, tuple(range(2, input.ndim)))
        _move(running_mean, running_var, mean.mean(0), variance.mean(0), count, momentum)
    attributes = {"use_input_stats": use_input_stats, "eps": eps}
    inputs = (input, running_mean, running_var, weight, bias)
    return run("instance_norm", inputs, attributes)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each value with probability ``p`` in training and scales the others by ``1 / (1 - p)``."""
    return _drop(input, p, training, inplace, input.shape)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel of (N, C, L) or (C, L) with probability ``p`` in training, and scales the others."""
    return _drop(input, p, training, inplace, _channels(input, 1))


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel of (N, C, ...) with probability ``p`` in training and scales the others by ``1 / (1 - p)``."""
    return _drop(input, p, training, inplace, _channels(input))


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel of (N, C, D, H, W) or (C, D, H, W) as :func:`dropout1d` does."""
    return _drop(input, p, training, inplace, _channels(input, 3))


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Sets values to ``selu(-inf)`` with probability ``p`` in training, keeping mean and variance of what had 0 and 1."""
    return _alpha_drop(input, p, training, inplace, input.shape)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """:func:`alpha_dropout` of whole channels of (N, C, ...)."""
    return _alpha_drop(input, p, training, inplace, _channels(input))


def _channels(input: Tensor, spatial: int | None = None) -> tuple[int, ...]:
    """The shape of one number for each channel; the first of ``spatial + 1`` dimensions is that of the channels."""
    leading = 1 if spatial is not None and input.ndim == spatial + 1 else 2
    return (*input.shape[:leading], *[1] * (input.ndim - leading))


def _drop(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a dropout probability is between 0 and 1, not {p}")
    if not training or p == 0.0:
        return input
    array = input.numpy()
    scale = 0.0 if p == 1.0 else 1.0 / (1.0 - p)
    result = Tensor(array * ((generator().random(shape) >= p) * scale).astype(array.dtype))
    return overwrite(input, result) if inplace else result


def _alpha_drop(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    """What is dropped becomes the limit of SELU; all is scaled and moved back to mean 0 and variance 1 (Klambauer, 2017)."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a dropout probability is between 0 and 1, not {p}")
    if not training or p == 0.0:
        return input
    array, limit = input.numpy(), -SELU_SCALE * SELU_ALPHA
    scale = 0.0 if p == 1.0 else 1.0 / np.sqrt((1 - p) * (1 + p * limit**2))
    values = np.where(generator().random(shape) >= p, array, limit)
    result = Tensor(((values - p * limit) * scale).astype(array.dtype))
    return overwrite(input, result) if inplace else result


def _several(input: Tensor, count: int) -> int:
    if count < 2:
        raise ValueError(f"statistics need more than one value for each of them, the input has shape {input.shape}")
    return count


def _statistics(input: Tensor, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance over ``axes``, summed in float64."""
    array = input.numpy()
    dtype = np.promote_types(array.dtype, np.float32)
    mean, variance = array.mean(axes, dtype=np.float64), array.var(axes, dtype=np.float64)
    return mean.astype(dtype), variance.astype(dtype)


def _move(
    running_mean: Tensor, running_var: Tensor, mean: np.ndarray, variance: np.ndarray, count: int, momentum: float
) -> None:
    """Exponential moving average; the running variance is the unbiased one."""
    for running, value in ((running_mean, mean), (running_var, variance * (count / (count - 1)))):
        running.numpy()[...] = (1 - momentum) * running.numpy() + momentum * value


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    *(batch_norm, instance_norm),
    *(dropout, dropout1d, dropout2d, dropout3d, alpha_dropout, feature_alpha_dropout),
)
