"""ENet: its table's stages and parameters, every image size."""

import pytest
import torch

from models import MaxPool2d, PReLU
from models.networks import ENet
from tests.models.networks.counting import conv, count


def image(height, width):
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def bottleneck(before, after, first, middle):
    """Three convolutions of a quarter of the width, a scale, a shift and a slope after each, and the slopes of the sum."""
    width = before // 4
    inside = first * before * width + 3 * width + middle * width * width + 3 * width + width * after + 2 * after
    return inside + after


def test_number_of_parameters_is_that_of_the_papers_table():
    """Table 1: 3x3 and 5x1 with 1x5 inside; 2x2 where it narrows down, a 1x1 beside it where it goes up."""
    stem = 9 * 3 * 13 + 3 * 16
    quarter = bottleneck(16, 64, 4, 9) + 4 * bottleneck(64, 64, 1, 9)
    stage = 6 * bottleneck(128, 128, 1, 9) + 2 * bottleneck(128, 128, 1, 10)
    eighth = bottleneck(64, 128, 4, 9) + 2 * stage
    up = conv(1, 128, 64) + bottleneck(128, 64, 1, 9) + 2 * bottleneck(64, 64, 1, 9)
    last = conv(1, 64, 16) + bottleneck(64, 16, 1, 9) + bottleneck(16, 16, 1, 9)
    assert count(ENet()) == stem + quarter + eighth + up + last + 4 * 16 * 19 + 19


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (35, 38)])
def test_scores_have_the_size_of_the_image(height, width):
    assert ENet(num_classes=3).eval()(image(height, width)).shape == (1, 3, height, width)


def test_every_activation_has_a_slope_for_each_channel():
    slopes = [m.num_parameters for m in ENet().modules() if isinstance(m, PReLU)]
    assert min(slopes) == 4
    assert len(slopes) == 1 + 3 * (1 + 4 + 1 + 8 + 8 + 1 + 2 + 1 + 1)


def test_dropout_is_weak_in_the_first_stage():
    shares = [m.p for m in ENet().encoder[0].modules() if hasattr(m, "p")]
    assert shares == [0.01] * 4
    assert {m.p for m in ENet().encoder[1].modules() if hasattr(m, "p")} == {0.1}


def test_unpooling_puts_values_back_where_they_were_the_largest():
    up = ENet().up[1].eval()
    pool = MaxPool2d(2, return_indices=True)
    before = torch.rand(1, 16, 6, 8)
    _, places = pool(before)
    with torch.no_grad():
        up.branch[2].weight.zero_()
        y = up(torch.ones(1, 64, 3, 4), places, (6, 8))
        values = up.main(torch.ones(1, 64, 3, 4))
    assert (y != 0).sum() == (values != 0).sum()
    flat = before.flatten(2).argmax(2)
    assert torch.equal(y.flatten(2).gather(2, flat[..., None])[..., 0] != 0, values.amax((2, 3)) != 0)
