"""BiSeNet: its paths' parameters, every image size, and what each path carries."""

import pytest
import torch

from models.backbones import ResNet18
from models.networks import BiSeNet
from tests.models.catalogue import load_weights
from tests.models.networks.counting import conv, count, scores


def image(height, width):
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_number_of_parameters_is_that_of_its_parts():
    spatial = conv(7, 3, 64) + 2 * conv(3, 64, 64) + conv(1, 64, 128)
    refinements = sum(conv(3, c, 128) + conv(1, 128, 128) for c in (256, 512))
    context = refinements + conv(1, 512, 128) + 2 * conv(3, 128, 128)
    fusion = conv(1, 256, 256) + 2 * 256 * 64
    head = conv(3, 256, 256) + scores(256, 19)
    assert count(BiSeNet()) == count(ResNet18()) + spatial + context + fusion + head


@pytest.mark.parametrize(("height", "width"), [(64, 64), (33, 47)])
def test_scores_have_the_size_of_the_image(height, width):
    assert BiSeNet(num_classes=3).eval()(image(height, width)).shape == (1, 3, height, width)


def test_it_names_its_backbone():
    assert BiSeNet().parts == {"backbone": "ResNet18"}


@pytest.mark.parametrize("path", ["spatial", "backbone"])
def test_both_paths_reach_the_scores(path):
    model = BiSeNet(num_classes=3).eval()
    load_weights(model, torch.from_numpy)
    with torch.no_grad():
        before = model(image(64, 64))
        for parameter in getattr(model, path).parameters():
            parameter.mul_(1.5)
        assert not torch.allclose(model(image(64, 64)), before)
