import pytest
import torch

from models.functional import generalized_mean, global_average, global_maximum


@pytest.mark.parametrize(("pool", "expected"), [(global_average, torch.mean), (global_maximum, torch.amax)])
def test_it_is_what_its_name_says_of_each_channel(pool, expected):
    x = torch.randn(2, 3, 4, 5)
    assert pool(x).shape == (2, 3)
    torch.testing.assert_close(pool(x), expected(x, dim=(2, 3)))


def test_the_generalized_mean_goes_from_the_mean_to_the_maximum():
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64) + 0.1
    torch.testing.assert_close(generalized_mean(x, 1.0), global_average(x))
    torch.testing.assert_close(generalized_mean(x, 200.0), global_maximum(x), rtol=2e-2, atol=0)
    between = generalized_mean(x, 3.0)
    assert (between > global_average(x)).all()
    assert (between < global_maximum(x)).all()


def test_values_below_the_least_count_as_the_least():
    x = torch.full((1, 1, 2, 2), -3.0, dtype=torch.float64)
    assert float(generalized_mean(x, 3.0)) == pytest.approx(1e-6)
    assert float(generalized_mean(x, 3.0, least=0.5)) == pytest.approx(0.5)
