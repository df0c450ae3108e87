import pytest
import torch

from models.functional import stochastic_depth


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True)])
def test_without_training_or_probability_it_is_the_branch_itself(p, training):
    x = torch.randn(3, 2, 4, 4)
    assert stochastic_depth(x, p, training) is x


@pytest.mark.parametrize("shape", [(400, 3, 2, 2), (400, 5, 3), (400, 2)])
def test_an_image_keeps_its_whole_branch_scaled_up_or_none_of_it(shape):
    x = torch.rand(shape) + 1
    share = (stochastic_depth(x, 0.25, True) / x).flatten(1)
    kept = share[:, 0] > 0
    torch.testing.assert_close(share, 4 / 3 * kept[:, None].float().expand_as(share))
    assert 0.65 < kept.float().mean() < 0.85


def test_what_is_expected_of_the_branch_stays():
    x = torch.ones(4000, 1)
    assert stochastic_depth(x, 0.2, True).mean() == pytest.approx(1, abs=0.05)
