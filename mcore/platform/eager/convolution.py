"""Convolutions as functions of tensors: borders by name, and inputs without a batch, which the ops do not take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import run
from mcore.platform.errors import BackendError

Sizes = int | Sequence[int]


def _convolution(name: str, shape: str) -> Callable[..., Tensor]:
    def function(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: str | Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        if padding == "valid":
            padding = 0
        elif padding == "same":
            input, padding = _same(input, weight.shape[2:], stride, dilation), 0
        attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return _batched(name, input, weight, bias, attributes)

    text = f"Convolution of {shape}; ``padding`` may be ``valid``, or ``same`` for the input's size at stride 1."
    return _named(function, name, text)


def _transposed(name: str, shape: str) -> Callable[..., Tensor]:
    def function(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Tensor:
        attributes = {"stride": stride, "padding": padding, "output_padding": output_padding}
        return _batched(name, input, weight, bias, {**attributes, "groups": groups, "dilation": dilation})

    return _named(function, name, f"Transposed convolution of {shape}.")


def _named(function: Callable[..., Tensor], name: str, text: str) -> Callable[..., Tensor]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{text} The batch may be left out."
    return function


def _same(input: Tensor, kernel: Sequence[int], stride: Sizes, dilation: Sizes) -> Tensor:
    """The input with the borders that keep its size."""
    steps, gaps = ((v,) * len(kernel) if isinstance(v, int) else v for v in (stride, dilation))
    if set(steps) != {1}:
        raise BackendError("padding='same' needs a stride of 1")
    totals = [gap * (size - 1) for gap, size in zip(gaps, kernel, strict=True)]
    # Where a total is odd, the larger half comes after.
    borders = [part for total in reversed(totals) for part in (total // 2, total - total // 2)]
    padded: Tensor = run("pad", (input,), {"pad": borders})
    return padded


def _batched(name: str, input: Tensor, weight: Tensor, bias: Tensor | None, attributes: Mapping[str, Any]) -> Tensor:
    if input.ndim != weight.ndim - 1:
        result: Tensor = run(name, (input, weight, bias), attributes)
        return result
    return _batched(name, input[None], weight, bias, attributes)[0]


conv1d = _convolution("conv1d", "(N, C, L)")
conv2d = _convolution("conv2d", "(N, C, H, W)")
conv3d = _convolution("conv3d", "(N, C, D, H, W)")
conv_transpose1d = _transposed("conv_transpose1d", "(N, C, L)")
conv_transpose2d = _transposed("conv_transpose2d", "(N, C, H, W)")
conv_transpose3d = _transposed("conv_transpose3d", "(N, C, D, H, W)")

FUNCTIONS: tuple[Callable[..., Any], ...] = (
    *(conv1d, conv2d, conv3d),
    *(conv_transpose1d, conv_transpose2d, conv_transpose3d),
)
