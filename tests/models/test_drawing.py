"""Weights of few numbers are of the distribution that a network asks for, and no two rows of them are the same."""

import pytest
import torch
from torch import nn

from tests.models.drawing import DRAWN, drawn_in_part


@pytest.mark.parametrize(
    ("draw", "middle", "deviation"),
    [
        (lambda t: nn.init.uniform_(t, -1.0, 3.0), 1.0, 4 / 12**0.5),
        (lambda t: nn.init.normal_(t, 2.0, 0.5), 2.0, 0.5),
        (lambda t: nn.init.trunc_normal_(t, std=0.02), 0.0, 0.02),
    ],
)
def test_a_large_tensor(draw, middle, deviation):
    weight = nn.Parameter(torch.full((400, 1000), torch.nan))
    with drawn_in_part():
        draw(weight)
    assert float(weight.detach().mean()) == pytest.approx(middle, abs=0.05 * deviation)
    assert float(weight.detach().std()) == pytest.approx(deviation, rel=0.05)
    assert len(weight.detach().unique(dim=0)) == len(weight)


def test_a_small_one_is_drawn_whole():
    torch.manual_seed(0)
    expected = torch.empty(DRAWN).normal_()
    torch.manual_seed(0)
    with drawn_in_part():
        assert torch.equal(torch.empty(DRAWN).normal_(), expected)
