"""Assembled segmentation networks: FCN against torchvision's, and sizes, training and classes of both."""

import pytest
import torch

from models.networks import FCNResNet50, UNetResNet34
from tests.models.catalogue import load_weights
from tests.models.torchvision_reference import torchvision

#: torchvision's head is a Sequential with numbers for names.
HEAD = {"classifier.0.": "head.conv.0.", "classifier.1.": "head.conv.1.", "classifier.4.": "head.score."}


def image(height, width, batch=1):
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def renamed(key):
    for theirs, ours in HEAD.items():
        if key.startswith(theirs):
            return ours + key.removeprefix(theirs)
    return key


def test_fcn_is_torchvisions_fcn_resnet50():
    reference = torchvision().models.segmentation.fcn_resnet50(weights=None, weights_backbone=None).eval()
    load_weights(reference, torch.from_numpy)
    model = FCNResNet50().eval()
    model.load_state_dict({renamed(k): v for k, v in reference.state_dict().items()})
    for height, width in ((64, 96), (65, 41)):
        x = image(height, width)
        with torch.no_grad():
            torch.testing.assert_close(model(x), reference(x)["out"], rtol=1e-5, atol=1e-5)


def test_a_dilated_backbone_keeps_the_resolution_that_the_head_says():
    model = FCNResNet50(output_stride=16)
    assert model.backbone.strides == (2, 4, 8, 16, 16)
    assert model.head.output_stride == 16
    assert FCNResNet50().head.output_stride == 8


@pytest.mark.parametrize("target", [FCNResNet50, UNetResNet34])
@pytest.mark.parametrize(("height", "width"), [(40, 64), (51, 33)])
def test_scores_have_the_size_of_the_image(target, height, width):
    model = target(num_classes=5, in_channels=4).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 4, height, width)).shape == (1, 5, height, width)


def test_training_learns_a_bright_half():
    torch.manual_seed(0)
    model = UNetResNet34(num_classes=2).train()
    target = torch.zeros(2, 32, 32, dtype=torch.long)
    target[0, :, 16:] = 1
    target[1, :16] = 1
    x = 0.3 * image(32, 32, batch=2) + target.unsqueeze(1)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(12):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(x), target).backward()
        optimiser.step()
    assert (model(x).argmax(1) == target).float().mean() > 0.85
