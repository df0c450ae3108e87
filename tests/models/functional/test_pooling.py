import torch

from models.functional import global_average


def test_it_is_the_mean_of_each_channel():
    x = torch.randn(2, 3, 4, 5)
    assert global_average(x).shape == (2, 3)
    torch.testing.assert_close(global_average(x), x.mean((2, 3)))
