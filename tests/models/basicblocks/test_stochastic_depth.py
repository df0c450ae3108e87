"""Stochastic depth."""

import pytest
import torch

from models.basicblocks.stochastic_depth import StochasticDepth, rising_shares


@pytest.mark.parametrize("shape", [(4000, 2), (4000, 2, 1, 3)])
def test_training_drops_whole_images_and_scales_the_others(shape):
    module = StochasticDepth(share=0.25).train()
    y = module(torch.ones(shape)).flatten(1)
    assert all(len(row.unique()) == 1 for row in y[:50])
    assert {round(v, 5) for v in y.unique().tolist()} == {0.0, round(4 / 3, 5)}
    assert float((y[:, 0] == 0).float().mean()) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize(("share", "training"), [(0.5, False), (0.0, True)])
def test_otherwise_it_is_the_identity(share, training):
    x = torch.randn(3, 4)
    assert StochasticDepth(share=share).train(training)(x) is x


def test_shares_rise_evenly_over_all_blocks():
    assert rising_shares(0.4, (2, 1, 2)) == [[0.0, 0.1], [0.2], [pytest.approx(0.3), 0.4]]
    assert rising_shares(0.4, (1,)) == [[0.0]]
