"""DenseNet: layers of its name, options, and the older names of torchvision's checkpoints."""

import numpy as np
import pytest
import torch

from mcore.pretrained.loading import rename
from models import Conv2d, Dropout
from models.backbones import DenseNet121, DenseNet169
from models.backbones.densenet import DenseNet
from models.networks import densenet121
from tests.models.references.reference import on_meta


@pytest.mark.parametrize(("backbone", "layers"), [(DenseNet121, 121), (DenseNet169, 169)])
def test_the_number_in_the_name_counts_the_layers(backbone, layers):
    assert sum(isinstance(m, Conv2d) for m in on_meta(backbone).modules()) + 1 == layers  # and the linear one


def test_growth_width_and_dropout_are_options():
    model = DenseNet(depths=(1, 2, 1, 1), width=8, growth=4, dropout=0.1).eval()
    assert model.channels == (8, 12, 14, 11, 9)
    assert [m.p for m in model.modules() if isinstance(m, Dropout)] == [0.1] * 5
    assert [m.shape[1] for m in model(torch.zeros(1, 3, 33, 33))] == [8, 12, 14, 11, 9]


def test_maps_are_activated():
    with torch.no_grad():
        maps = DenseNet121().eval()(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert all(m.min() >= 0 for m in maps)


def test_checkpoints_with_dotted_names_are_renamed():
    older = ["features.norm0.weight", "features.denseblock3.denselayer12.norm.1.weight", "classifier.weight"]
    older += ["features.denseblock2.denselayer3.conv.2.weight", "features.transition1.conv.weight"]
    renamed, dropped = rename(dict.fromkeys(older, np.zeros(1)), densenet121.key_maps["torchvision"])
    assert dropped == ()
    assert list(renamed) == [
        "features.norm0.weight",
        "features.denseblock3.denselayer12.norm1.weight",
        "classifier.weight",
        "features.denseblock2.denselayer3.conv2.weight",
        "features.transition1.conv.weight",
    ]
    assert set(renamed) <= set(on_meta(densenet121).state_dict())


def test_other_depths_are_refused_by_the_name_of_the_class():
    with pytest.raises(ValueError, match=r"^DenseNet: depths are of four blocks, got \(6, 12\)$"):
        DenseNet(depths=(6, 12))
