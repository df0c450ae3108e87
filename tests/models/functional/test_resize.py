import pytest
import torch

from models.functional import join_at_finest, resize_like


@pytest.mark.parametrize("size", [(4, 6), (8, 12), (3, 5), (1, 1)])
def test_it_has_the_size_of_the_reference_and_its_own_channels(size):
    assert resize_like(torch.zeros(2, 3, 4, 6), torch.zeros(1, 7, *size)).shape == (2, 3, *size)


def test_the_same_size_changes_no_bit():
    x = torch.randn(2, 3, 5, 7)
    assert torch.equal(resize_like(x, x), x)


def test_a_constant_stays_constant_and_a_ramp_stays_centred():
    torch.testing.assert_close(resize_like(torch.ones(1, 1, 3, 3), torch.zeros(1, 1, 5, 8)), torch.ones(1, 1, 5, 8))
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    torch.testing.assert_close(resize_like(ramp, torch.zeros(1, 1, 4, 9)).mean(), ramp.mean())


def test_maps_are_joined_at_the_size_of_the_finest_and_it_stays_as_it_is():
    fine, coarse = torch.randn(2, 3, 5, 7), torch.ones(2, 4, 3, 4)
    joined = join_at_finest([fine, coarse])
    assert torch.equal(joined[:, :3], fine)
    torch.testing.assert_close(joined[:, 3:], torch.ones(2, 4, 5, 7))
    assert torch.equal(join_at_finest([fine]), fine)


def test_by_nearest_neighbours_places_are_repeated():
    x = torch.tensor([[[[1.0, 2.0]]]])
    found = resize_like(x, torch.zeros(1, 1, 2, 4), "nearest")
    assert found[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]
