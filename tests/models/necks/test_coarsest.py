"""Necks that work on the coarsest map alone: pyramid pooling in its three forms."""

import pytest
import torch

from models import LeakyReLU
from models.necks import ASPP, PPM, SPP, SPPF
from tests.models.catalogue import load_weights
from tests.models.features import features
from tests.models.torchvision_reference import torchvision

ALL = [ASPP, PPM, SPP, SPPF]


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("target", ALL)
@pytest.mark.parametrize("sizes", [((8, 12), (4, 6)), ((9, 11), (5, 6)), ((2, 1), (1, 1))])
def test_the_coarsest_map_is_transformed_and_the_finer_ones_are_handed_on(target, sizes):
    neck = target(in_channels=(4, 8), in_strides=(8, 16)).eval()
    given = features(sizes, (4, 8))
    fine, coarse = neck(given)
    assert torch.equal(fine, given[0])
    assert neck.strides == (8, 16)
    assert neck.channels == (4, coarse.shape[1])
    assert coarse.shape[2:] == sizes[1]


@pytest.mark.parametrize("target", ALL)
def test_a_description_that_is_none_is_refused(target):
    with pytest.raises(ValueError, match=f"^{target.__name__}: 2 channels and 1 strides do not describe"):
        target(in_channels=(4, 8), in_strides=(4,))


@pytest.mark.parametrize("dropout", [0.5, 0.1])
def test_aspp_is_torchvisions(dropout):
    reference = torchvision().models.segmentation.deeplabv3.ASPP(32, [2, 3], 16).eval()
    load_weights(reference, torch.from_numpy)
    neck = ASPP(in_channels=(32,), in_strides=(8,), out_channels=16, rates=(2, 3), dropout=dropout).eval()
    assert list(neck.state_dict()) == list(reference.state_dict())
    neck.load_state_dict(reference.state_dict())
    assert neck.project[-1].p == dropout
    (x,) = features(((9, 7),), (32,))
    with torch.no_grad():
        assert torch.equal(neck([x])[0], reference(x))


def test_ppm_has_the_papers_parameters():
    """Four 1x1 convolutions to a quarter of the width without a bias, each with a scale and a shift."""
    assert count(PPM()) == 4 * (2048 * 512 + 2 * 512)
    assert PPM().channels == (4096,)
    assert PPM(in_channels=(8,), width=3, bins=(1, 4)).channels == (14,)


def test_ppm_keeps_the_map_and_adds_means_of_its_cells():
    neck = PPM(in_channels=(1,), bins=(1, 2), width=1, act=LeakyReLU).eval()
    load_weights(neck, torch.from_numpy)
    x = torch.arange(16.0).view(1, 1, 4, 4)
    with torch.no_grad():
        (y,) = neck([x])
        whole = neck.features[0][3](neck.features[0][2](neck.features[0][1](x.mean((2, 3), keepdim=True))))
    assert torch.equal(y[:, :1], x)
    torch.testing.assert_close(y[:, 1:2], whole.expand(1, 1, 4, 4))
    assert y[0, 2, 0, 0] != y[0, 2, 3, 3]


def test_spp_pools_over_windows_around_each_place():
    neck = SPP(in_channels=(4,), in_strides=(32,), windows=(3, 5)).eval()
    x = features(((9, 9),), (4,))[0]
    changed = x.clone()
    changed[..., 4, 4] += 50.0
    with torch.no_grad():
        difference = (neck([x])[0] - neck([changed])[0]).abs().amax((0, 1))
    assert difference[2:7, 2:7].min() > 0
    difference[2:7, 2:7] = 0
    assert difference.max() == 0


def test_sppf_computes_what_spp_computes_with_the_same_parameters():
    slow, fast = SPP(in_channels=(8,), in_strides=(32,)).eval(), SPPF(in_channels=(8,), in_strides=(32,)).eval()
    load_weights(slow, torch.from_numpy)
    fast.load_state_dict(slow.state_dict())
    x = features(((15, 17),), (8,))
    with torch.no_grad():
        assert torch.equal(slow(x)[0], fast(x)[0])


def test_sppf_has_the_parameters_of_yolov5s():
    """1x1 convolutions 512 to 256 and 1024 to 512 without a bias, each with a scale and a shift."""
    assert count(SPPF(in_channels=(512,), in_strides=(32,))) == 512 * 256 + 2 * 256 + 1024 * 512 + 2 * 512 == 656_896


def test_width_can_be_another():
    assert SPP(in_channels=(8,), in_strides=(32,), out_channels=5).channels == (5,)


@pytest.mark.parametrize("windows", [(), (3, 4)])
def test_even_windows_are_refused(windows):
    with pytest.raises(ValueError, match=r"^SPP: windows are odd, so that the map keeps its size, got "):
        SPP(windows=windows)
