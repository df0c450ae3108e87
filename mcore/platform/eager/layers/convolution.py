"""Convolutions, as in ``torch.nn``, over ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``; the batch may be left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcore.platform.eager import functional as F
from mcore.platform.eager.init import reset_affine
from mcore.platform.eager.layers.layer import Layer, several
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.skeleton import unset
from mcore.platform.eager.tensor import Tensor

Sizes = int | tuple[int, ...]

#: Mode of ``pad`` for each ``padding_mode``.
_PAD_MODES = {"reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class _Convolution(Layer):
    """What all convolutions share: arguments in full, weight and bias."""

    rank: int
    bias: Parameter | None
    output_padding: tuple[int, ...]

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
        return several(value, self.rank)

    def extra_repr(self) -> str:
        """Channels, kernel and stride, and what differs from its default."""
        usual = {"padding": (0,), "dilation": (1,), "output_padding": (0,)}
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            *(f"{n}={getattr(self, n)}" for n in ("kernel_size", "stride")),
        ]
        parts += [f"{n}={getattr(self, n)}" for n, v in usual.items() if getattr(self, n) != v * self.rank]
        parts += [f"groups={self.groups}"] if self.groups != 1 else []
        parts += ["bias=False"] if self.bias is None else []
        parts += [f"padding_mode={self.padding_mode}"] if self.padding_mode != "zeros" else []
        return ", ".join(parts)

    def _make(self, shape: tuple[int, ...], bias: bool) -> None:
        self.weight = Parameter(unset(shape))
        self.register_parameter("bias", Parameter(unset(self.out_channels)) if bias else None)
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
        self.padding_mode, self.output_padding = padding_mode, (0,) * self.rank
        self._make((out_channels, in_channels // groups, *self.kernel_size), bias)

    def forward(self, input: Tensor) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._borders(), mode=_PAD_MODES[self.padding_mode])
            padding = 0
        convolve = getattr(F, f"conv{self.rank}d")
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


class Conv3d(_Forward):
    """Convolution over a volume."""

    rank = 3


class _Transposed(_Convolution):
    stride: tuple[int, ...]
    padding: tuple[int, ...]
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

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The convolution; ``output_size``, with or without batch and channels, takes the place of ``output_padding``."""
        extra = self.output_padding if output_size is None else self._extra(input, tuple(output_size))
        convolve = getattr(F, f"conv_transpose{self.rank}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, input: Tensor, size: tuple[int, ...]) -> tuple[int, ...]:
        """What is added to the smallest output to make it one of ``size``."""
        if len(size) not in (self.rank, input.ndim):
            raise ValueError(f"output_size must have {self.rank} or {input.ndim} numbers, it has {len(size)}")
        size = size[-self.rank :]
        windows = zip(
            input.shape[-self.rank :], self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        )
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in windows]
        if not all(n <= m < n + s for n, m, s in zip(least, size, self.stride, strict=True)):
            most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
            raise ValueError(f"an output_size of {list(size)} is not between {least} and {most}")
        return tuple(m - n for n, m in zip(least, size, strict=True))


class ConvTranspose1d(_Transposed):
    """Transposed convolution over a sequence."""

    rank = 1


class ConvTranspose2d(_Transposed):
    """Transposed convolution over a map."""

    rank = 2


class ConvTranspose3d(_Transposed):
    """Transposed convolution over a volume."""

    rank = 3
