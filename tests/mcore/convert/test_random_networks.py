"""Networks that nobody thought of: random chains of functions, right at sizes never traced and through the way back."""

from __future__ import annotations

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from mcore.convert.running import Size
from mcore.sampling import Sampling
from tests.mcore.convert.harness import check, perturbed

IMAGES = Sampling.image(4, ((12, 12), (12, 16), (11, 13)), minimum=9)
UNSEEN = (Size(3, 15, 10), Size(1, 17, 24))


class Chain(nn.Module):
    """Steps from (N, 4, H, W) to (N, 4, H', W'), each with the chain so far."""

    def __init__(self, steps: list[str]):
        super().__init__()
        self.steps = steps
        self.layers = nn.ModuleList(LAYERS[step]() if step in LAYERS else nn.Identity() for step in steps)

    def forward(self, x: Tensor) -> Tensor:
        for step, layer in zip(self.steps, self.layers, strict=True):
            x = layer(x) if step in LAYERS else FUNCTIONS[step](x)
        return x


def _tokens(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.flatten(2).transpose(1, 2).softmax(-1).reshape(n, h, w, c).permute(0, 3, 1, 2)


def _halves(x: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=1)
    return torch.cat([b, F.relu(a)], 1)


def _padded(x: Tensor) -> Tensor:
    return F.pad(x, (0, -x.shape[3] % 4, 0, -x.shape[2] % 4))


def _cropped(x: Tensor) -> Tensor:
    return x[:, :, : (x.shape[2] + 1) // 2 + 1, 1:]


def _resized(x: Tensor) -> Tensor:
    return F.interpolate(x, size=((x.shape[2] + 3) // 2, x.shape[3]), mode="bilinear", align_corners=False)


def _gated(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x.mean((2, 3), keepdim=True))


def _positions(x: Tensor) -> Tensor:
    return x + torch.arange(x.shape[3]).float().div(x.shape[3])


def _in_place(x: Tensor) -> Tensor:
    y = x + 1
    y[:, 1:3] = F.relu(x[:, :2])
    y *= 0.5
    return y


LAYERS = {
    "conv": lambda: nn.Conv2d(4, 4, 3, padding=1),
    "strided": lambda: nn.Conv2d(4, 4, 3, stride=2, padding=1),
    "dilated": lambda: nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=2),
    "up": lambda: nn.ConvTranspose2d(4, 4, 2, stride=2),
    "norm": lambda: nn.BatchNorm2d(4),
    "group": lambda: nn.GroupNorm(2, 4),
    "pool": lambda: nn.MaxPool2d(3, 2, padding=1),
    "ceil": lambda: nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False),
    "act": lambda: nn.SiLU(inplace=True),
}
FUNCTIONS = {
    "tokens": _tokens,
    "halves": _halves,
    "padded": _padded,
    "cropped": _cropped,
    "resized": _resized,
    "gated": _gated,
    "positions": _positions,
    "in_place": _in_place,
    "flip": lambda x: x.flip(-1),
    "roll": lambda x: torch.roll(x, x.shape[2] // 3, 2),
    "shuffle": lambda x: F.pixel_shuffle(F.pixel_unshuffle(_padded(x), 2), 2),
    "twice": lambda x: F.interpolate(x, scale_factor=2),
}
#: Those that shrink a map: not more than two in a chain, or nothing is left of it.
SHRINKING = {"strided", "pool", "ceil", "cropped", "resized"}

chains = st.lists(st.sampled_from(sorted({**LAYERS, **FUNCTIONS})), min_size=1, max_size=6).filter(
    lambda steps: sum(step in SHRINKING for step in steps) <= 2 and steps.count("twice") + steps.count("up") <= 2
)


@settings(max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(chains)
def test_a_random_chain(steps):
    check(perturbed(Chain(steps)), IMAGES, UNSEEN, limit=1e-4)
