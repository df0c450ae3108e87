"""VGG's backbones: the paper's configurations, and activations that do not fade."""

import pytest
import torch

from models import BatchNorm2d, Conv2d, MaxPool2d
from models.backbones import VGG11, VGG16, VGG19
from models.backbones.vgg import VGG
from tests.models.references.reference import on_meta
from tests.models.torchvision_reference import torchvision


@pytest.mark.parametrize(("backbone", "layers"), [(VGG11, 11), (VGG16, 16), (VGG19, 19)])
@pytest.mark.parametrize("norm", [None, BatchNorm2d])
def test_layers_are_those_of_the_name_and_keys_torchvisions(backbone, layers, norm):
    name = f"vgg{layers}" + ("" if norm is None else "_bn")
    reference = on_meta(lambda: getattr(torchvision().models, name)(init_weights=False)).features
    model = on_meta(lambda: backbone(norm=norm))
    assert sum(isinstance(m, Conv2d) for m in model.features) + 3 == layers  # and the classifier's linear ones
    assert [(k, v.shape) for k, v in model.features.state_dict().items()] == [
        (k, v.shape) for k, v in reference.state_dict().items()
    ]


def test_maps_are_the_last_before_each_pooling_and_that_of_the_last_pooling():
    model = VGG16()
    assert model.taps == (3, 8, 15, 22, 29, 30)
    assert all(isinstance(model.features[i + 1], MaxPool2d) for i in model.taps[:-1])
    assert isinstance(model.features[model.taps[-1]], MaxPool2d)


def test_without_normalization_the_activations_of_the_last_stage_are_as_large_as_the_first_ones():
    with torch.no_grad():
        maps = VGG19().eval()(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert 0.1 < float(maps[4].std() / maps[0].std()) < 10


def test_other_depths_are_refused_by_the_name_of_the_class():
    with pytest.raises(ValueError, match=r"^VGG: depths are of five stages, got \(1, 2\)$"):
        VGG(depths=(1, 2))
