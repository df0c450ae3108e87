"""SqueezeNet: the paper's table, and where it is cropped."""

import pytest
import torch

from models.backbones import SqueezeNet1_0, SqueezeNet1_1
from models.backbones.squeezenet import SqueezeNet
from models.basicblocks import Fire


@pytest.mark.parametrize("backbone", [SqueezeNet1_0, SqueezeNet1_1])
def test_fire_modules_are_those_of_the_papers_table(backbone):
    fires = [m for m in backbone().modules() if isinstance(m, Fire)]
    assert [f.squeeze.out_channels for f in fires] == [16, 16, 32, 32, 48, 48, 64, 64]
    assert all(f.expand1x1.out_channels == f.expand3x3.out_channels == 4 * f.squeeze.out_channels for f in fires)


def test_maps_have_the_sizes_of_the_papers_table():
    """111, 55, 27 and 13 at 224 for the paper's stem with a border; without it the first two are 109 and 54."""
    for backbone, sizes in ((SqueezeNet1_0, [109, 54, 27, 13]), (SqueezeNet1_1, [111, 55, 27, 13])):
        model = backbone().eval()
        with torch.no_grad():
            maps = model(torch.zeros(1, 3, 224, 224))
        assert [m.shape[2] for m in maps] == sizes
        assert all(m.shape[2] >= 224 // s - model.cropped for m, s in zip(maps, model.strides, strict=True))


def test_other_depths_are_refused_by_the_name_of_the_class():
    with pytest.raises(
        ValueError, match=r"^SqueezeNet: depths are of eight modules after three poolings, got \(8, 1\)$"
    ):
        SqueezeNet(stem=(64, 3), depths=(8, 1))
    with pytest.raises(ValueError, match=r"got \(3, 3, 3\)$"):
        SqueezeNet(stem=(64, 3), depths=(3, 3, 3))
