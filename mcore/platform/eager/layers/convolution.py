"""Convolutions as modules, as in ``torch.nn``; inputs are ``(N, C, L)`` or ``(N, C, H, W)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcore.platform.eager import functional as F
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.init import reset_affine
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.tensor import Tensor

Sizes = int | tuple[int, ...]

#: Mode of ``pad`` for each ``padding_mode``.
_PAD_MODES = {"reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class _Convolution(Module):
    """What all convolutions share: arguments in full, weight and bias."""

    rank: int
    bias: Parameter | None

    def _set(self, in_channels: int, out_channels: int, kernel_size: Sizes, groups: int, **sizes: Sizes) -> None:
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups ({groups}) must divide in_channels ({in_channels}) and out_channels ({out_channels})"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = self._full(kernel_size)
        for name, value in sizes.items():
            setattr(self, name, self._full(value))

    def _full(self, value: Sizes) -> tuple[int, ...]:
        return (value,) * self.rank if isinstance(value, int) else tuple(value)

    def _make(self, shape: tuple[int, ...], bias: bool) -> None:
        self.weight = Parameter(np.empty(shape, np.float32))
        self.register_parameter("bias", Parameter(np.empty(self.out_channels, np.float32)) if bias else None)
        reset_affine(self.weight, self.bias)


class _Forward(_Convolution):
    stride: tuple[int, ...]
    dilation: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: str | Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        if padding_mode not in ("zeros", *_PAD_MODES):
            raise ValueError(f"padding_mode must be zeros, {', '.join(_PAD_MODES)}, not {padding_mode!r}")
        self._set(in_channels, out_channels, kernel_size, groups, stride=stride, dilation=dilation)
        self.padding = padding if isinstance(padding, str) else self._full(padding)
        self.padding_mode = padding_mode
        self._make((out_channels, in_channels // groups, *self.kernel_size), bias)

    def forward(self, input: Tensor) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._borders(), mode=_PAD_MODES[self.padding_mode])
            padding = 0
        convolve = F.conv1d if self.rank == 1 else F.conv2d
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _borders(self) -> list[int]:
        """The padding as ``pad`` has it: before and after, last dimension first."""
        if self.padding == "valid":
            return [0, 0] * self.rank
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [p for total in reversed(totals) for p in (total // 2, total - total // 2)]
        return [p for p in reversed(self.padding) for _ in range(2)]  # type: ignore[misc]


class Conv1d(_Forward):
    """Convolution over a sequence."""

    rank = 1


class Conv2d(_Forward):
    """Convolution over a map."""

    rank = 2


class ConvTranspose2d(_Convolution):
    """Transposed convolution over a map."""

    rank = 2
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    dilation: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f"a transposed convolution pads with zeros only, not {padding_mode!r}")
        sizes = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
        self._set(in_channels, out_channels, kernel_size, groups, **sizes)
        self.padding_mode = padding_mode
        self._make((in_channels, out_channels // groups, *self.kernel_size), bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation
        )
