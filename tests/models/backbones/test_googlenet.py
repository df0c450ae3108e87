"""GoogLeNet and Inception-v3: the papers' tables, and heads that training alone needs."""

import numpy as np
import pytest
import torch

from mcore.pretrained.loading import rename
from models import BatchNorm2d, Conv2d
from models.backbones import GoogLeNet, InceptionV3
from models.basicblocks import Inception
from models.networks import googlenet, inception_v3
from tests.models.references.reference import on_meta


def test_modules_are_as_wide_as_the_papers_table_says():
    widths = [m.out_channels for m in on_meta(GoogLeNet).modules() if isinstance(m, Inception)]
    assert widths == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


def test_inceptions_modules_are_as_wide_as_the_papers_table_says():
    model = InceptionV3().eval()
    with torch.no_grad():
        maps = model(torch.zeros(1, 3, 299, 299))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 147, 147),
        (192, 71, 71),
        (288, 35, 35),
        (768, 17, 17),
        (2048, 8, 8),
    ]


def test_the_smallest_legal_image_gives_a_map_and_a_smaller_one_none():
    model = InceptionV3().eval()
    least = model.sampling.minimum
    assert model(torch.zeros(1, 3, least, least))[-1].shape == (1, 2048, 1, 1)
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 3, least - 1, least - 1))


def test_maps_are_cropped_by_no_more_than_is_said():
    for size in (96, 128, 160, 320):
        maps = InceptionV3().eval()(torch.zeros(1, 3, size, size))
        assert all(
            0 <= size // s - m.shape[2] <= InceptionV3.cropped for m, s in zip(maps, (2, 4, 8, 16, 32), strict=True)
        )


@pytest.mark.parametrize(
    ("network", "extra"), [(googlenet, "aux1.conv.bn.weight"), (inception_v3, "AuxLogits.fc.bias")]
)
def test_auxiliary_heads_of_a_checkpoint_are_dropped(network, extra):
    names = [*dict(on_meta(network).named_parameters()), extra]
    renamed, dropped = rename(dict.fromkeys(names, np.zeros(1)), network.key_maps["torchvision"])
    assert list(renamed) == names[:-1]
    assert dropped == (extra,)


@pytest.mark.parametrize("backbone", [GoogLeNet, InceptionV3])
def test_normalization_has_tensorflows_constant(backbone):
    modules = list(on_meta(backbone).modules())
    assert {m.eps for m in modules if isinstance(m, BatchNorm2d)} == {1e-3}
    assert all(m.bias is None for m in modules if isinstance(m, Conv2d))
