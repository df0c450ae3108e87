"""U-Net++: the paper's size, every image size, and deep supervision."""

from itertools import pairwise

import pytest
import torch

from models.networks import UNetPlusPlus
from tests.models.networks.counting import conv, count, scores

WIDTHS = (32, 64, 128, 256, 512)


def image(height, width):
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_number_of_parameters_is_that_of_the_papers_triangle():
    """Figure 1: node X of level i and column j joins j maps of its level and one of the level below."""

    def double(before, after):
        return conv(3, before, after) + conv(3, after, after)

    backbone = double(3, 32) + sum(double(a, b) for a, b in pairwise(WIDTHS))
    nodes = sum(double(j * WIDTHS[i] + WIDTHS[i + 1], WIDTHS[i]) for i in range(4) for j in range(1, 5 - i))
    assert count(UNetPlusPlus()) == backbone + nodes + scores(32, 2)
    assert count(UNetPlusPlus(deep_supervision=True)) == backbone + nodes + 4 * scores(32, 2)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (16, 17)])
@pytest.mark.parametrize("depth", [1, 4])
def test_scores_have_the_size_of_the_image(height, width, depth):
    model = UNetPlusPlus(width=4, depth=depth, num_classes=3, deep_supervision=True).eval()
    assert model(image(height, width)).shape == (1, 3, height, width)


def test_training_learns_to_segment_a_bright_square():
    torch.manual_seed(0)
    model = UNetPlusPlus(width=8, depth=2).train()
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
    assert ((found == 1) & (target == 1)).sum() / ((found == 1) | (target == 1)).sum() > 0.8
