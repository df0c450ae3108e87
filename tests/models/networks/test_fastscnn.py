"""Fast-SCNN: its table's parameters, every image size, and what both paths carry."""

import pytest
import torch

from models.networks import FastSCNN
from tests.models.catalogue import load_weights
from tests.models.networks.counting import conv, count, scores


def image(height, width):
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def separable(before, after):
    return conv(3, before, before, groups=before) + conv(1, before, after)


def bottleneck(before, after):
    return conv(1, before, 6 * before) + conv(3, 6 * before, 6 * before, groups=6 * before) + conv(1, 6 * before, after)


def test_number_of_parameters_is_that_of_the_papers_table():
    """Table 1 and 2; the paper's 1.11 million are of the same layers without some biases."""
    shared = conv(3, 3, 32) + separable(32, 48) + separable(48, 64)
    stages = 3 * bottleneck(64, 64) + bottleneck(64, 96) + 2 * bottleneck(96, 96)
    stages += bottleneck(96, 128) + 2 * bottleneck(128, 128)
    pooling = 4 * conv(1, 128, 32) + conv(1, 256, 128)
    fusion = conv(3, 128, 128, groups=128) + conv(1, 128, 128) + 128 + conv(1, 64, 128) + 128
    classifier = 2 * separable(128, 128) + scores(128, 19)
    assert count(FastSCNN()) == shared + stages + pooling + fusion + classifier == 1_138_051


@pytest.mark.parametrize(("height", "width"), [(64, 64), (33, 47)])
def test_scores_have_the_size_of_the_image(height, width):
    assert FastSCNN(num_classes=3).eval()(image(height, width)).shape == (1, 3, height, width)


@pytest.mark.parametrize("path", ["fuse_high", "fuse_low", "ppm"])
def test_both_paths_reach_the_scores(path):
    model = FastSCNN(num_classes=3).eval()
    load_weights(model, torch.from_numpy)
    with torch.no_grad():
        before = model(image(64, 64))
        for parameter in getattr(model, path).parameters():
            parameter.mul_(1.5)
        assert not torch.allclose(model(image(64, 64)), before)


def test_dropout_drops_before_the_scores_in_training_only():
    model = FastSCNN(dropout=0.5).eval()
    x = image(64, 64)
    with torch.no_grad():
        assert torch.equal(model(x), model(x))
        model.classifier[2].train()
        assert not torch.equal(model(x), model(x))
