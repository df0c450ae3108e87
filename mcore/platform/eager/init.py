"""Initialisation of parameters in place, with the names, defaults and distributions of ``torch.nn.init``.

Kaiming: He et al., "Delving Deep into Rectifiers", https://arxiv.org/abs/1502.01852. Xavier: Glorot and Bengio,
"Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010. Each returns its tensor, which a
skeleton (:mod:`mcore.platform.eager.skeleton`) leaves as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.random import generator
from mcore.platform.eager.skeleton import in_skeleton


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``."""
    return _fill(tensor, lambda: val)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform on [a, b)."""
    return _fill(tensor, lambda: generator().uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal of that mean and standard deviation."""
    return _fill(tensor, lambda: generator().normal(mean, std, tensor.shape))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Tensor:
    """Normal, values outside [a, b] drawn again; raises ``ValueError`` where hardly any would be inside."""
    low, high = (math.erf((edge - mean) / (std * math.sqrt(2.0))) for edge in (a, b))
    if high - low < 1e-3:
        raise ValueError(f"[{a}, {b}] holds next to nothing of a normal of mean {mean} and deviation {std}")

    def values() -> np.ndarray:
        drawn = generator().normal(mean, std, tensor.shape)
        while (outside := (drawn < a) | (drawn > b)).any():
            drawn[outside] = generator().normal(mean, std, int(outside.sum()))
        return drawn

    return _fill(tensor, values)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform with variance ``2 * gain**2 / (fan_in + fan_out)``."""
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal with variance ``2 * gain**2 / (fan_in + fan_out)``."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))))


def kaiming_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform with variance ``gain**2 / fan``; ``a`` is the negative slope of leaky ReLU."""
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal with variance ``gain**2 / fan``; ``a`` is the negative slope of leaky ReLU."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def reset_affine(weight: Tensor, bias: Tensor | None) -> None:
    """The default of convolution and linear layers: both uniform within ``1 / sqrt(fan_in)``."""
    kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        bound = 1.0 / math.sqrt(max(_fans(weight)[0], 1))
        uniform_(bias, -bound, bound)


def _fill(tensor: Tensor, values: Callable[[], np.ndarray | float]) -> Tensor:
    if not in_skeleton():
        tensor.numpy()[...] = values()
    return tensor


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs that one output and one input of a weight ``(out, in, *kernel)`` are connected to."""
    if tensor.ndim < 2:
        raise ValueError(f"fan in and fan out need two or more dimensions, the tensor has shape {tensor.shape}")
    field = int(np.prod(tensor.shape[2:]))
    return tensor.shape[1] * field, tensor.shape[0] * field


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be fan_in or fan_out, not {mode!r}")
    gains = {
        "leaky_relu": math.sqrt(2.0 / (1.0 + a * a)),
        "relu": math.sqrt(2.0),
        "tanh": 5.0 / 3.0,
        "selu": 0.75,
        **dict.fromkeys(("linear", "sigmoid", "conv1d", "conv2d", "conv_transpose2d"), 1.0),
    }
    if nonlinearity not in gains:
        raise ValueError(f"nonlinearity must be one of {', '.join(gains)}, not {nonlinearity!r}")
    fan = _fans(tensor)[mode == "fan_out"]
    return gains[nonlinearity] / math.sqrt(max(fan, 1))  # none only where the tensor has no elements
