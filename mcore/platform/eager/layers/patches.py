"""Patches of maps laid out as columns and put together again, as in ``torch.nn``."""

from __future__ import annotations

from mcore.platform.eager import functional as F
from mcore.platform.eager.layers.layer import Layer
from mcore.platform.eager.tensor import Tensor

Pair = int | tuple[int, int]


class Unfold(Layer):
    """Patches of ``(N, C, H, W)`` as columns: ``(N, C * kernel, patches)``; the batch may be left out."""

    shown = "kernel_size={0.kernel_size}, dilation={0.dilation}, padding={0.padding}, stride={0.stride}"

    def __init__(self, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Layer):
    """A map of ``output_size`` from patches as columns; where they overlap they add up."""

    shown = (
        "output_size={0.output_size}, kernel_size={0.kernel_size}, dilation={0.dilation}"
        ", padding={0.padding}, stride={0.stride}"
    )

    def __init__(
        self, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)
