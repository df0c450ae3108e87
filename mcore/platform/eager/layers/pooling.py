"""Pooling, as in ``torch.nn``, of ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``; the batch may be left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcore.platform.eager import functional as F
from mcore.platform.eager.layers.layer import Layer, several
from mcore.platform.eager.tensor import Tensor

Sizes = int | tuple[int, ...]
OutputSize = int | tuple[int | None, ...] | None


class _MaxPool(Layer):
    shown = (
        "kernel_size={0.kernel_size}, stride={0.stride}, padding={0.padding}"
        ", dilation={0.dilation}, ceil_mode={0.ceil_mode}"
    )
    rank: int

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        pool = getattr(F, f"max_pool{self.rank}d")
        window = self.kernel_size, self.stride, self.padding, self.dilation
        return pool(input, *window, self.ceil_mode, self.return_indices)


class MaxPool1d(_MaxPool):
    """Largest value of each window of a sequence; ``stride`` is ``kernel_size`` if not given."""

    rank = 1


class MaxPool2d(_MaxPool):
    """Largest value of each window of a map; ``stride`` is ``kernel_size`` if not given."""

    rank = 2


class MaxPool3d(_MaxPool):
    """Largest value of each window of a volume; ``stride`` is ``kernel_size`` if not given."""

    rank = 3


class _MaxUnpool(Layer):
    shown = "kernel_size={0.kernel_size}, stride={0.stride}, padding={0.padding}"
    rank: int

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        super().__init__()
        self.kernel_size = several(kernel_size, self.rank)
        self.stride = several(kernel_size if stride is None else stride, self.rank)
        self.padding = several(padding, self.rank)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        unpool = getattr(F, f"max_unpool{self.rank}d")
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    """Values of a pooled sequence back at their places, zeros elsewhere."""

    rank = 1


class MaxUnpool2d(_MaxUnpool):
    """Values of a pooled map back at their places, zeros elsewhere."""

    rank = 2


class MaxUnpool3d(_MaxUnpool):
    """Values of a pooled volume back at their places, zeros elsewhere."""

    rank = 3


class AvgPool1d(Layer):
    """Mean of each window of a sequence; ``stride`` is ``kernel_size`` if not given."""

    shown = "kernel_size={0.kernel_size}, stride={0.stride}, padding={0.padding}"

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = several(kernel_size, 1)
        self.stride = several(kernel_size if stride is None else stride, 1)
        self.padding = several(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        window = self.kernel_size, self.stride, self.padding
        return F.avg_pool1d(input, *window, self.ceil_mode, self.count_include_pad)


class _AvgPool(Layer):
    shown = "kernel_size={0.kernel_size}, stride={0.stride}, padding={0.padding}"
    rank: int

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        pool = getattr(F, f"avg_pool{self.rank}d")
        window = self.kernel_size, self.stride, self.padding
        return pool(input, *window, self.ceil_mode, self.count_include_pad, self.divisor_override)


class AvgPool2d(_AvgPool):
    """Mean of each window of a map; ``stride`` is ``kernel_size`` if not given."""

    rank = 2


class AvgPool3d(_AvgPool):
    """Mean of each window of a volume; ``stride`` is ``kernel_size`` if not given."""

    rank = 3


class _LPPool(Layer):
    shown = "norm_type={0.norm_type}, kernel_size={0.kernel_size}, stride={0.stride}, ceil_mode={0.ceil_mode}"
    rank: int

    def __init__(
        self, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        pool = getattr(F, f"lp_pool{self.rank}d")
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """``norm_type``-norm of each window of a sequence; ``stride`` is ``kernel_size`` if not given."""

    rank = 1


class LPPool2d(_LPPool):
    """``norm_type``-norm of each window of a map; ``stride`` is ``kernel_size`` if not given."""

    rank = 2


class LPPool3d(_LPPool):
    """``norm_type``-norm of each window of a volume; ``stride`` is ``kernel_size`` if not given."""

    rank = 3


class _AdaptiveAvgPool(Layer):
    shown = "output_size={0.output_size}"
    rank: int

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        pool = getattr(F, f"adaptive_avg_pool{self.rank}d")
        return pool(input, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Mean of each of ``output_size`` windows that cover a sequence."""

    rank = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Mean of each of ``output_size`` windows that cover a map; ``None`` keeps a size."""

    rank = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Mean of each of ``output_size`` windows that cover a volume; ``None`` keeps a size."""

    rank = 3


class _AdaptiveMaxPool(Layer):
    shown = "output_size={0.output_size}"
    rank: int

    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        pool = getattr(F, f"adaptive_max_pool{self.rank}d")
        return pool(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Largest value of each of ``output_size`` windows that cover a sequence."""

    rank = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Largest value of each of ``output_size`` windows that cover a map; ``None`` keeps a size."""

    rank = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Largest value of each of ``output_size`` windows that cover a volume; ``None`` keeps a size."""

    rank = 3
