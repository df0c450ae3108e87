"""Small networks of every kind, each written once and built on both backends with the same weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mcore.platform.eager import functional as platform_functional
from mcore.platform.eager import layers, module, tensor
from mcore.torch_backend import functional as torch_functional
from tests.mcore.platform.eager.parity import normal, same

PLATFORM = SimpleNamespace(
    **{name: getattr(layers, name) for name in layers.__all__},
    **{name: getattr(module, name) for name in ("Module", "Sequential", "ModuleList", "ModuleDict")},
    Parameter=tensor.Parameter,
    F=platform_functional,
)
TORCH = SimpleNamespace(
    **{name: getattr(torch.nn, name) for name in vars(PLATFORM) if name != "F"},
    F=torch_functional,
)


def residual(nn: SimpleNamespace) -> Any:
    """Pre-activation residual blocks whose activations overwrite the shortcut, as careless code has it."""

    class Block(nn.Module):
        def __init__(self, channels: int, out: int, stride: int) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(out)
            self.act = nn.ReLU(inplace=True)
            self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(out, out, 3, 1, 1, groups=2)
            self.down = nn.Conv2d(channels, out, 1, stride) if stride > 1 else nn.Identity()

        def forward(self, x: Any) -> Any:
            y = self.conv1(self.act(self.norm1(x)))
            y = self.conv2(self.act(self.norm2(y)))
            y += self.down(self.act(x))
            return y

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.MaxPool2d(3, 2, 1))
            self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 12, 2), Block(12, 12, 1))
            self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.0), nn.Linear(12, 5))

        def forward(self, x: Any) -> Any:
            return self.head(self.blocks(self.stem(x)))

    return Net()


def attention(nn: SimpleNamespace) -> Any:
    """A transformer over patches: class token, positions, two heads, two ways to attend, pre-norm."""
    F = nn.F

    class Layer(nn.Module):
        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width, eps=1e-3)
            self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            self.scale = nn.Parameter(torch_or(nn, np.full(width, 0.7, np.float32)))

        def forward(self, x: Any, explicit: bool) -> Any:
            n, length, _ = x.shape
            q, k, v = self.qkv(self.norm1(x)).reshape(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            if explicit:
                weights = ((q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5).softmax(dim=-1)
                y = F.einsum("nhqk,nhkd->nhqd", weights, v)
            else:
                y = F.scaled_dot_product_attention(q, k, v)
            x = x + self.scale * self.proj(y.transpose(1, 2).flatten(2))
            return x + self.mlp(self.norm2(x))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, 16, 4, 4)
            self.token = nn.Parameter(torch_or(nn, normal(1, 1, 16)))
            self.positions = nn.Parameter(torch_or(nn, normal(1, 3, 4, 16)))
            self.layers = nn.ModuleList([Layer(16, 2) for _ in range(2)])

        def forward(self, x: Any) -> Any:
            x = self.patches(x)  # (N, 16, H/4, W/4)
            positions = self.positions.permute(0, 3, 1, 2)
            x = x + F.interpolate(positions, size=x.shape[-2:], mode="bicubic", align_corners=False)
            x = x.flatten(2).transpose(1, 2)
            x = F.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
            for index, layer in enumerate(self.layers):
                x = layer(x, explicit=index % 2 == 0)
            return x[:, 0], x[:, 1:].mean(dim=1)

    return Net()


def pyramid(nn: SimpleNamespace) -> Any:
    """Down and up again with skips, odd sizes, three ways up; a dictionary of outputs."""
    F = nn.F

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.ModuleList([nn.Conv2d(c, 2 * c, 3, 2, 1) for c in (4, 8, 16)])
            self.stem = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.SiLU())
            self.up = nn.ModuleDict(
                {
                    "16": nn.ConvTranspose2d(32, 16, 2, 2),
                    "8": nn.Sequential(nn.Conv2d(16, 32, 1), nn.PixelShuffle(2)),
                    "4": nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(8, 4, 1)),
                }
            )
            self.acts = nn.Sequential(nn.PReLU(4), nn.InstanceNorm2d(4, affine=True), nn.Hardswish())

        def forward(self, x: Any) -> Any:
            x = self.stem(x)
            skips = []
            for down in self.down:
                skips.append(x)
                x = F.leaky_relu(down(x), 0.1)
            for up in self.up.values():
                skip = skips.pop()
                x = up(x)
                x = F.pad(x, (0, skip.shape[-1] - x.shape[-1], 0, skip.size(2) - x.size(2))) + skip
            return {"map": self.acts(x), "score": x.flatten(1).amax(1), "mask": F.sigmoid(x) > 0.5}

    return Net()


def detector(nn: SimpleNamespace) -> Any:
    """Boxes decoded on a grid, cut by score: indexing, broadcasting, ranking, writing in place."""
    F = nn.F

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 2 * 7, 3, 4, 1)
            self.register_buffer("anchors", torch_or(nn, np.array([[10.0, 13.0], [33.0, 23.0]], np.float32)))

        def forward(self, x: Any) -> Any:
            y = self.conv(x)
            n, _, height, width = y.shape
            y = y.view(n, 2, 7, height, width).permute(0, 1, 3, 4, 2).contiguous()
            rows, columns = F.meshgrid(F.arange(height), F.arange(width), indexing="ij")
            grid = F.stack((columns, rows), 2).view(1, 1, height, width, 2).float()
            boxes = y[..., :4].sigmoid()
            boxes[..., 0:2] = (boxes[..., 0:2] * 2.0 - 0.5 + grid) * 4
            boxes[..., 2:] = (2 * boxes[..., 2:]) ** 2 * self.anchors.view(1, 2, 1, 1, 2)
            scores, classes = (y[..., 4:5].sigmoid() * y[..., 5:].softmax(-1)).max(-1)
            scores, order = scores.flatten(1).topk(5, dim=1)
            boxes = boxes.reshape(n, -1, 4).gather(1, order[..., None].expand(-1, -1, 4))
            centre, size = boxes.chunk(2, -1)
            corners = F.cat((centre - size / 2, centre + size / 2), -1).clamp(min=0.0, max=64.0)
            return corners, scores, classes.flatten(1).gather(1, order), corners[scores > scores.mean()]

    return Net()


def torch_or(nn: SimpleNamespace, array: np.ndarray) -> Any:
    """A tensor of the backend that ``nn`` is of."""
    return torch.from_numpy(array.copy()) if nn is TORCH else tensor.from_numpy(array.copy())


BUILDERS = [residual, attention, pyramid, detector]


def both(build: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    ours, theirs = build(PLATFORM), build(TORCH)
    with torch.no_grad():
        for key, value in theirs.state_dict().items():
            if value.is_floating_point():
                value.add_(torch.rand_like(value) * (0.5 if value.ndim == 1 else 0.05))
            assert key in ours.state_dict()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def parts(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        return [outputs[key] for key in sorted(outputs)]
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("size", [(2, 3, 32, 32), (1, 3, 36, 48), (2, 3, 45, 37)])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_outputs_are_torch_s(build: Any, size: tuple[int, ...], training: bool) -> None:
    ours, theirs = both(build)
    x = normal(*size)
    with torch.no_grad():
        for _ in range(2):  # in training the first pass moves the statistics
            mine = parts(ours.train(training)(tensor.Tensor(x.copy())))
            wanted = parts(theirs.train(training)(torch.from_numpy(x.copy())))
            assert len(mine) == len(wanted)
            for own, other in zip(mine, wanted, strict=True):
                near(own, other)
    for key, value in theirs.state_dict().items():
        near(ours.state_dict()[key], value)


def near(ours: Any, theirs: torch.Tensor) -> None:
    """As :func:`same`, with room for the rounding of some ten layers in float32, relative to the peak."""
    if not theirs.is_floating_point():
        same(ours, theirs)
        return
    assert ours.shape == tuple(theirs.shape)
    wanted = theirs.numpy()
    assert np.abs(ours.numpy() - wanted).max() <= 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("build", BUILDERS)
def test_keys_shapes_and_order_are_torch_s(build: Any) -> None:
    ours, theirs = both(build)
    assert [(k, v.shape) for k, v in ours.state_dict().items()] == [
        (k, tuple(v.shape)) for k, v in theirs.state_dict().items()
    ]
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]


@pytest.mark.parametrize("build", BUILDERS)
def test_half_precision_stays_near(build: Any) -> None:
    ours, _ = both(build)
    ours.eval()
    x = normal(1, 3, 32, 32)
    exact = parts(ours(tensor.Tensor(x)))[0].numpy()
    half = parts(ours.half()(tensor.Tensor(x.astype(np.float16))))[0].numpy()
    assert half.dtype == np.float16
    assert np.abs(half - exact).max() <= 0.05 * np.abs(exact).max()
