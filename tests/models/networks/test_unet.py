"""UNet: the paper's size, every image size, and skips that carry what they should."""

from itertools import pairwise

import pytest
import torch

from models import BatchNorm2d, LeakyReLU
from models.networks import UNet
from tests.models.catalogue import load_weights


def image(height, width, channels=3):
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(0))


def papers_parameters(in_channels, num_classes, widths, norm):
    """Counted by hand: 3x3 convolutions in pairs, 2x2 transposed ones with a bias, 1x1 scores with a bias.

    A convolution has a bias (``b``), or a scale and a shift of its normalization (twice as many).
    """
    per_channel = 2 if norm else 1

    def double(a, b):
        return 9 * a * b + 9 * b * b + 2 * per_channel * b

    down = double(in_channels, widths[0]) + sum(double(a, b) for a, b in pairwise(widths))
    up = sum(4 * b * a + a + double(2 * a, a) for a, b in pairwise(widths))
    return down + up + widths[0] * num_classes + num_classes


def test_number_of_parameters_is_the_papers():
    widths = (64, 128, 256, 512, 1024)
    paper = UNet(in_channels=1, num_classes=2, norm=None)
    assert sum(p.numel() for p in paper.parameters()) == papers_parameters(1, 2, widths, norm=False) == 31_030_658
    default = UNet()
    assert sum(p.numel() for p in default.parameters()) == papers_parameters(3, 2, widths, norm=True) == 31_037_698


def test_without_normalization_there_is_none():
    assert not any(isinstance(m, BatchNorm2d) for m in UNet(width=4, norm=None).modules())
    assert sum(isinstance(m, BatchNorm2d) for m in UNet(width=4).modules()) == 18


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (16, 17), (63, 100)])
def test_scores_have_the_size_of_the_image(height, width):
    model = UNet(width=4, num_classes=3).eval()
    assert model(image(height, width)).shape == (1, 3, height, width)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_depth_is_the_number_of_halvings(depth):
    model = UNet(width=4, depth=depth).eval()
    assert (len(model.down), len(model.up)) == (depth, depth)
    assert model(image(37, 40)).shape == (1, 2, 37, 40)


def test_constructor_takes_channels_and_activation():
    model = UNet(in_channels=1, width=4, act=LeakyReLU).eval()
    assert sum(isinstance(m, LeakyReLU) for m in model.modules()) == 18
    assert model(image(32, 32, channels=1)).shape == (1, 2, 32, 32)
    assert model.sampling.inputs[0].shape[1] == 1


def test_moving_the_image_by_the_coarsest_stride_moves_the_scores():
    """Nothing in it knows a place: away from the border, scores follow the image. Two halvings keep the border narrow."""
    model = UNet(width=4, depth=2).eval()
    load_weights(model, torch.from_numpy)
    x = image(96, 96)
    with torch.no_grad():
        before, after = model(x), model(x.roll((4, 8), (2, 3)))
    inner = (..., slice(36, -36), slice(36, -36))
    torch.testing.assert_close(after[inner], before.roll((4, 8), (2, 3))[inner], rtol=1e-4, atol=1e-4)


def test_skips_carry_detail_that_the_coarse_path_cannot():
    """A checkerboard is the same at every second pixel: pooling hides its phase, and only the skips can tell it."""
    model = UNet(width=4, depth=1).eval()
    load_weights(model, torch.from_numpy)
    board = (torch.arange(32).view(-1, 1) + torch.arange(32)) % 2
    x = board.float().expand(1, 3, 32, 32)
    with torch.no_grad():
        y, flipped = model(x), model(1 - x)
    assert (y - flipped).abs()[..., 8:-8, 8:-8].max() > 1e-3 * y.abs().max()


def test_training_learns_to_segment_a_bright_square():
    torch.manual_seed(0)
    model = UNet(width=8, depth=2).train()
    target = torch.zeros(2, 32, 32, dtype=torch.long)
    target[0, 8:20, 8:20] = 1
    target[1, 14:30, 4:16] = 1
    x = 0.3 * image(32, 32).expand(2, 3, 32, 32) + target.unsqueeze(1)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(15):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(x), target).backward()
        optimiser.step()
    found = model(x).argmax(1)
    overlap = ((found == 1) & (target == 1)).sum() / ((found == 1) | (target == 1)).sum()
    assert overlap > 0.8
