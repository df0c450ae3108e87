"""Spatial pyramid pooling as detectors have it: the coarsest map beside its maxima over windows of several sizes.

Papers: Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition (He et al., 2014),
https://arxiv.org/abs/1406.4729; in this form, where windows overlap and the map keeps its size, YOLOv3-SPP's and YOLOv4's
(Bochkovskiy et al., 2020, https://arxiv.org/abs/2004.10934). SPPF is Ultralytics YOLOv5's (Jocher, 2021): the same windows
by pooling one after the other.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import BatchNorm2d, SiLU
from models.basicblocks import ConvNormAct
from models.necks.coarsest import CoarsestNeck


class SPP(CoarsestNeck):
    """Half the width by a 1x1 convolution, maxima over windows of each size, all of it by another 1x1 convolution.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        out_channels: of the coarsest map that it gives; by default as many as it had.
        windows: odd sizes of the windows.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or a window is even.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024),
        in_strides: Sequence[int] = (8, 16, 32),
        out_channels: int | None = None,
        windows: Sequence[int] = (5, 9, 13),
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        if not windows or any(k % 2 == 0 for k in windows):
            raise ValueError(f"{type(self).__name__}: windows are odd, so that the map keeps its size, got {windows}")
        super().__init__(in_channels, in_strides, in_channels[-1] if out_channels is None else out_channels)
        before, after = self.in_channels[-1], self.channels[-1]
        self.windows, half = tuple(windows), max(1, before // 2)
        self.cv1 = ConvNormAct(in_channels=before, out_channels=half, kernel_size=1, norm=norm, act=act)
        joined = half * (1 + len(self.windows))
        self.cv2 = ConvNormAct(in_channels=joined, out_channels=after, kernel_size=1, norm=norm, act=act)

    def transform(self, x: Tensor) -> Tensor:
        x = self.cv1(x)  # (N, C/2, H, W)
        pooled = [F.max_pool2d(x, k, stride=1, padding=k // 2) for k in self.windows]
        return self.cv2(F.cat([x, *pooled], dim=1))  # (N, out_channels, H, W)


class SPPF(SPP):
    """What :class:`SPP` with windows of 5, 9 and 13 computes, by three poolings over windows of 5, one after the other.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        out_channels: of the coarsest map that it gives; by default as many as it had.
        window: odd size of the window.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or the window is even.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024),
        in_strides: Sequence[int] = (8, 16, 32),
        out_channels: int | None = None,
        window: int = 5,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            in_strides=in_strides,
            out_channels=out_channels,
            windows=(window,) * 3,
            norm=norm,
            act=act,
        )

    def transform(self, x: Tensor) -> Tensor:
        maps = [self.cv1(x)]  # (N, C/2, H, W)
        for k in self.windows:
            maps.append(F.max_pool2d(maps[-1], k, stride=1, padding=k // 2))
        return self.cv2(F.cat(maps, dim=1))  # (N, out_channels, H, W)
