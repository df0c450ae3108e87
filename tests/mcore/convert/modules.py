"""Modules that the tests of the converter share: such as it must see through, and such as it must refuse."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """A basic block: in-place activations, a shortcut, no constants."""

    def __init__(self, channels: int = 4):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x
        return self.relu(out)


class Classifier(nn.Module):
    """A stem, two blocks, a head."""

    def __init__(self, channels: int = 4, classes: int = 5):
        super().__init__()
        self.stem = nn.Conv2d(channels, 8, 3, 2, 1)
        self.blocks = nn.Sequential(Residual(8), Residual(8))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(x))
        return self.fc(torch.flatten(self.pool(x), 1))


class Pyramid(nn.Module):
    """An encoder's list of features, of which the sizes are odd or even as they come."""

    def __init__(self):
        super().__init__()
        self.steps = nn.ModuleList([nn.Conv2d(4, 6, 3, 2, 1), nn.Conv2d(6, 8, 3, 2, 1)])

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for step in self.steps:
            x = F.relu(step(x))
            features.append(x)
        return features


class Decoder(nn.Module):
    """Takes a list of features, resizes to the larger, returns a dict."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(14, 3, 1)

    def forward(self, features: list[Tensor]) -> dict[str, Tensor | list[Tensor]]:
        large, small = features
        up = F.interpolate(small, size=large.shape[-2:], mode="bilinear", align_corners=False)
        out = self.conv(torch.cat([large, up], 1))
        return {"out": out, "inner": [up, small.mean((2, 3))]}


class Shared(nn.Module):
    """Two layers with one weight, and one module that runs twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 4, 1)
        self.second = nn.Conv2d(4, 4, 1, bias=False)
        self.second.weight = self.first.weight
        self.act = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.second(self.act(self.first(x))))


class Buffers(nn.Module):
    """A persistent buffer, one that is not, an attribute that is neither, and one in a list."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.1, 0.2, 0.3, 0.4]).reshape(4, 1, 1))
        self.register_buffer("std", torch.tensor([1.5, 2.5, 0.5, 1.0]).reshape(4, 1, 1), persistent=False)
        self.offset = torch.tensor([[[0.25]]])
        self.anchors = [torch.tensor(1.5), torch.tensor(2.5)]

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.std + self.offset) * self.anchors[0] + self.anchors[1]


class Attention(nn.Module):
    """Sizes through views: tokens, heads, back to an image."""

    def __init__(self, width: int = 4, heads: int = 2):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        qkv = self.qkv(x.flatten(2).transpose(1, 2))
        q, k, v = qkv.view(n, h * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        out = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(-1) @ v
        return out.transpose(1, 2).reshape(n, h, w, c).permute(0, 3, 1, 2).contiguous()


class Windows(nn.Module):
    """Pads to a multiple of the window, by arithmetic on sizes alone, and cuts the padding off again."""

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        x = F.pad(x, (0, -w % 4, 0, -h % 4))
        hp, wp = x.shape[2:]
        x = x.view(n, c, hp // 4, 4, wp // 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, c, 4, 4)
        x = x - x.mean((2, 3), keepdim=True)
        x = x.view(n, hp // 4, wp // 4, c, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(n, c, hp, wp)
        return x[:, :, :h, :w]


class Positions(nn.Module):
    """A grid of coordinates made from the sizes."""

    def forward(self, x: Tensor) -> Tensor:
        rows = torch.arange(x.shape[2], device=x.device).float()
        columns = torch.arange(x.shape[3], dtype=torch.float32)
        grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
        return torch.cat([x, grid.expand(x.shape[0], -1, -1, -1)], 1)


class Cached(nn.Module):
    """Keeps what it computes at the first call of a size."""

    def __init__(self):
        super().__init__()
        self.size, self.ramp = None, None

    def forward(self, x: Tensor) -> Tensor:
        if self.size != x.shape[1]:
            self.size, self.ramp = x.shape[1], torch.linspace(0, 1, x.shape[1]).reshape(-1, 1, 1)
        return x * self.ramp


SEEN_THROUGH = [Residual, Classifier, Pyramid, Shared, Buffers, Attention, Windows, Positions, Cached]


class Branch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] > 8:
            x = x * 2
        return x + 1


class HarmlessBranch(nn.Module):
    """Asks about sizes, and does the same whatever the answer is."""

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[2] != 300
        if x.shape[2] > 8:
            return x * 2
        return x * (1 + 1)


class HarmlessBatchBranch(nn.Module):
    """Asks whether there is a single image, and does the same whatever the answer is."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.shape[0] == 1 else x * (1 + 1)


class Shifted(nn.Module):
    """A window attention's way with small maps: where a window is as large as the map, nothing is rolled along that axis."""

    def __init__(self, window: int = 8):
        super().__init__()
        self.window = window
        self.proj = nn.Linear(4, 4)
        self.register_buffer("bias", torch.linspace(0.5, 1.5, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        shift = [0 if size <= self.window else 2 for size in x.shape[1:3]]
        if sum(shift) > 0:
            x = torch.roll(x, (-shift[0], -shift[1]), (1, 2)) * torch.tensor([1.0, 2.0, 3.0, 4.0])
        else:
            x = x * torch.tensor([4.0, 3.0, 2.0, 1.0])
        return (self.proj(x) * self.bias).permute(0, 3, 1, 2)


class IntLeak(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, size=(int(x.shape[2]) * 2, 4))


class RatioLeak(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * (x.shape[2] / x.shape[3])


class RootLeak(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / math.sqrt(x.shape[2])


class LengthLeak(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * len(x)


class SilentLeak(nn.Module):
    """A size becomes a number by a road on which nothing is asked of it."""

    def forward(self, x: Tensor) -> Tensor:
        return x * sum(1 for _ in range(x.shape[2]))


class ViewWrite(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x = x + 1
        x[:, :2].mul_(2)
        return x


class StridedWrite(nn.Module):
    """Writes through an expanded tensor: many elements that are one in memory."""

    def forward(self, x: Tensor) -> Tensor:
        x = x + 1
        wide = x[:, :, :1].expand(-1, -1, 1, -1)
        wide.mul_(2)
        return x


class WeightWrite(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        self.bias[1:2].zero_()
        return x + self.bias


class CounterWrite(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * self.calls


class NumpyDetour(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.from_numpy(np.ones((4, 1, 1), np.float32))


class NumpyRoundTrip(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(np.tanh(x.numpy()))


class BoolOfTensor(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.mean() > 0:
            return x
        return -x


class ItemOfTensor(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.abs().max().item()


class ItemOfWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * float(self.temperature)


class Unmapped(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.fft.fft(x).real
        return torch.erfinv(y.clamp(-0.5, 0.5)) + torch.erfinv(x.clamp(-0.5, 0.5))


class ComplexWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4, 1, 1, dtype=torch.complex64))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class SizeOutput(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, int]:
        return x + 1, x.shape[2]


class SizedConstant(nn.Module):
    """A constant that is another one at each size."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.tensor([float(str(x.shape[2]))])


class Swallowing(nn.Module):
    """Catches what the tracer raises."""

    def forward(self, x: Tensor) -> Tensor:
        try:
            return x * x.max().item()
        except Exception:
            return x


class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Conv2d(4, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) + x
