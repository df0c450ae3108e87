"""Functions that do more in training than their op, which is theirs at inference: batch statistics, and dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import overwrite, run
from mcore.platform.eager.random import generator


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


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel of (N, C, ...) with probability ``p`` in training and scales the others by ``1 / (1 - p)``."""
    return _drop(input, p, training, inplace, (*input.shape[:2], *[1] * (input.ndim - 2)))


def _drop(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"a dropout probability is between 0 and 1, not {p}")
    if not training or p == 0.0:
        return input
    array = input.numpy()
    scale = 0.0 if p == 1.0 else 1.0 / (1.0 - p)
    result = Tensor(array * ((generator().random(shape) >= p) * scale).astype(array.dtype))
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


FUNCTIONS: tuple[Callable[..., Any], ...] = (batch_norm, instance_norm, dropout, dropout2d)
