"""Activations that are more than an op on the Platform, or a few together; with a dtype to compute in where torch has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import overwrite, run
from mcore.platform.errors import BackendError


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """Exponentials that sum to one over ``dim``, which must be given; computed in ``dtype``."""
    return _over_dimension("softmax", input, dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """Logarithm of :func:`softmax`."""
    return _over_dimension("log_softmax", input, dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """:func:`softmax` of ``-x``."""
    return _over_dimension("softmin", input, dim, dtype)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along ``dim`` times the sigmoid of the second; https://arxiv.org/abs/1612.08083."""
    if input.shape[dim] % 2:
        raise BackendError(f"glu halves dimension {dim}, of which there are {input.shape[dim]}")
    value, gate = run("chunk", (input,), {"chunks": 2, "dim": dim})
    return _op("mul", value, _op("sigmoid", gate))


def logsigmoid(input: Tensor) -> Tensor:
    """Logarithm of the sigmoid."""
    return _op("neg", _op("softplus", _op("neg", input)))


def softsign(input: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return _op("div", input, _op("add", _op("abs", input), other=1))


def tanhshrink(input: Tensor) -> Tensor:
    """``x - tanh(x)``."""
    return _op("sub", input, _op("tanh", input))


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Leaky ReLU by the mean of the slopes; https://arxiv.org/abs/1505.00853. In ``training`` torch draws them at random."""
    if training:
        raise BackendError("the Platform has no rrelu with training=True")
    result = _op("leaky_relu", input, negative_slope=(lower + upper) / 2)
    return overwrite(input, result) if inplace else result


def _over_dimension(name: str, input: Tensor, dim: int | None, dtype: DType | None) -> Tensor:
    if dim is None:
        raise BackendError(f"{name} needs a dim: which one torch takes if it is left out depends on the rank")
    if dtype is not None:
        input = _op("cast", input, dtype=dtype)
    if name == "softmin":
        name, input = "softmax", _op("neg", input)
    return _op(name, input, dim=dim)


def _op(name: str, *inputs: Tensor, **attributes: Any) -> Tensor:
    result: Tensor = run(name, inputs, attributes)
    return result


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    softmax,
    log_softmax,
    softmin,
    glu,
    logsigmoid,
    softsign,
    tanhshrink,
    rrelu,
)
