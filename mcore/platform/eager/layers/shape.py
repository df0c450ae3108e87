"""Layers that move values, as in ``torch.nn``: flatten, shuffles, upsampling."""

from __future__ import annotations

from collections.abc import Sequence

from mcore.platform.eager import functional as F
from mcore.platform.eager.layers.layer import Layer
from mcore.platform.eager.tensor import Tensor


class Flatten(Layer):
    """Dimensions ``start_dim`` to ``end_dim`` as one."""

    shown = "start_dim={0.start_dim}, end_dim={0.end_dim}"

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return F.flatten(input, self.start_dim, self.end_dim)


class Unflatten(Layer):
    """Dimension ``dim`` as dimensions of ``unflattened_size``, one of which may be -1."""

    shown = "dim={0.dim}, unflattened_size={0.unflattened_size}"

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, tuple | list) or not all(isinstance(n, int) for n in unflattened_size):
            raise TypeError(f"unflattened_size must be a tuple of ints, not {unflattened_size!r}")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return F.unflatten(input, self.dim, self.unflattened_size)


class ChannelShuffle(Layer):
    """The channels of (N, C, ...) dealt out from ``groups`` heaps; https://arxiv.org/abs/1707.01083."""

    shown = "groups={0.groups}"

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)


class PixelShuffle(Layer):
    """``(N, C * r**2, H, W)`` to ``(N, C, H * r, W * r)``; https://arxiv.org/abs/1609.05158."""

    shown = "upscale_factor={0.upscale_factor}"

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(Layer):
    """``(N, C, H * r, W * r)`` to ``(N, C * r**2, H, W)``, the inverse of :class:`PixelShuffle`."""

    shown = "downscale_factor={0.downscale_factor}"

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)


class Upsample(Layer):
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

    def extra_repr(self) -> str:
        """What sets the size, and the mode."""
        name = "size" if self.scale_factor is None else "scale_factor"
        return f"{name}={getattr(self, name)!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """A map at ``size`` or ``scale_factor`` times its own, each value the nearest one."""

    def __init__(
        self, size: int | tuple[int, int] | None = None, scale_factor: float | tuple[float, float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """A map at ``size`` or ``scale_factor`` times its own, bilinear between corners that stay."""

    def __init__(
        self, size: int | tuple[int, int] | None = None, scale_factor: float | tuple[float, float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
