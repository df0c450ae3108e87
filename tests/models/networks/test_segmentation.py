"""Assembled segmentation networks: sizes, training and classes of both."""

import pytest
import torch

from models.networks import FCNResNet50, UNetResNet34


def image(height, width, batch=1):
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


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
