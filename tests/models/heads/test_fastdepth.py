"""FastDepth's decoder."""

import pytest
import torch

from models.heads import FastDepthDecoder
from tests.models.features import features


def small():
    return FastDepthDecoder(in_channels=(4, 8, 16), in_strides=(2, 4, 8), width=6).eval()


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6))])
def test_depth_has_the_size_of_the_finest_map(sizes):
    head = small()
    assert (head.output_stride, head.task) == (2, "depth")
    assert head(features(sizes, (4, 8, 16))).shape == (1, 1, *sizes[0])


def test_number_of_parameters_is_that_of_its_separable_convolutions():
    def step(before, after):
        return 25 * before + 2 * before + before * after + 2 * after

    assert sum(p.numel() for p in small().parameters()) == step(16, 8) + step(8, 4) + step(4, 6) + 6 + 1


def test_every_map_matters():
    head, given = small(), features(((16, 16), (8, 8), (4, 4)), (4, 8, 16))
    before = head(given)
    for i in range(3):
        assert not torch.allclose(head([f + 1.0 if i == j else f for j, f in enumerate(given)]), before)


def test_depth_can_be_learnt():
    """A ramp that the finest map shows: a few steps bring the error far below that of the best constant."""
    torch.manual_seed(0)
    head = small().train()
    given = features(((16, 16), (8, 8), (4, 4)), (4, 8, 16), batch=2)
    ramp = torch.linspace(-1, 1, 16).expand(2, 1, 16, 16)
    given[0] = 0.3 * given[0] + ramp
    optimiser = torch.optim.Adam(head.parameters(), lr=2e-2)
    for _ in range(40):
        optimiser.zero_grad()
        loss = (head(given) - ramp).square().mean()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1 * float(ramp.var())
