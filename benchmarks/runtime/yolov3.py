"""YOLOv3 as a subject of the benchmarks, in plain torch; it is no architecture of the model repository.

Paper: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767
Darknet-53 without its classifier, and the three prediction maps as the network makes them, before boxes are decoded.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Channels and number of residual blocks of each stage of Darknet-53.
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))

#: Three anchors at each place, each with 80 classes, four numbers of a box and whether there is one.
OUTPUTS = 3 * (80 + 5)


class Conv(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.1),
        )


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(Conv(channels, channels // 2, 1), Conv(channels // 2, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Scale(nn.Module):
    """Five convolutions, from which the next finer scale goes on, and the prediction at this one."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.body = nn.Sequential(
            Conv(inputs, channels, 1),
            Conv(channels, wide, 3),
            Conv(wide, channels, 1),
            Conv(channels, wide, 3),
            Conv(wide, channels, 1),
        )
        self.predict = nn.Sequential(Conv(channels, wide, 3), nn.Conv2d(wide, OUTPUTS, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.body(x)
        return x, self.predict(x)


class YOLOv3(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, 32, 3)
        self.stages = nn.ModuleList()
        inputs = 32
        for channels, count in STAGES:
            self.stages.append(nn.Sequential(Conv(inputs, channels, 3, 2), *[Residual(channels) for _ in range(count)]))
            inputs = channels
        self.scales = nn.ModuleList([Scale(1024, 512), Scale(512 + 256, 256), Scale(256 + 128, 128)])
        self.laterals = nn.ModuleList([Conv(512, 256, 1), Conv(256, 128, 1)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        x, coarse = self.scales[0](maps[4])  # (N, 255, H/32, W/32)
        x = torch.cat([F.interpolate(self.laterals[0](x), scale_factor=2.0), maps[3]], dim=1)
        x, middle = self.scales[1](x)
        x = torch.cat([F.interpolate(self.laterals[1](x), scale_factor=2.0), maps[2]], dim=1)
        return coarse, middle, self.scales[2](x)[1]
