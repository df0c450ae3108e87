"""Layers that move or pad values, as in ``torch.nn``: flatten, padding, shuffles, upsampling."""

from __future__ import annotations

from mcore.platform.eager import functional as F
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.tensor import Tensor


class Flatten(Module):
    """Dimensions ``start_dim`` to ``end_dim`` as one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return F.flatten(input, self.start_dim, self.end_dim)


class _Pad2d(Module):
    mode: str

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        self.padding = (padding,) * 4 if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)


class ZeroPad2d(_Pad2d):
    """Zeros around a map: ``padding`` is one number, or (left, right, top, bottom); negative numbers crop."""

    mode = "constant"


class ReflectionPad2d(_Pad2d):
    """A map mirrored at its borders, which are not doubled; ``padding`` as for :class:`ZeroPad2d`."""

    mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """A map with its borders drawn out; ``padding`` as for :class:`ZeroPad2d`."""

    mode = "replicate"


class ChannelShuffle(Module):
    """The channels of (N, C, ...) dealt out from ``groups`` heaps; https://arxiv.org/abs/1707.01083."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)


class PixelShuffle(Module):
    """``(N, C * r**2, H, W)`` to ``(N, C, H * r, W * r)``; https://arxiv.org/abs/1609.05158."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(Module):
    """``(N, C, H * r, W * r)`` to ``(N, C * r**2, H, W)``, the inverse of :class:`PixelShuffle`."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)


class Upsample(Module):
    """A map at ``size``, or at ``scale_factor`` times its own."""

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.mode, self.align_corners = size, mode, align_corners
        factors = scale_factor
        self.scale_factor = tuple(map(float, factors)) if isinstance(factors, tuple) else factors and float(factors)
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )
