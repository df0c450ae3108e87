"""SegNet: VGG-16's size and its mirror's, every image size, and places that pooling hands to unpooling."""

from itertools import pairwise

import pytest
import torch

from models.networks import SegNet
from tests.models.catalogue import load_weights
from tests.models.networks.counting import conv, count, scores

VGG16 = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)


def image(height, width):
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def small(**parameters):
    return SegNet(**{"widths": (4, 8), "depths": (2, 3), "num_classes": 3, **parameters}).eval()


def test_number_of_parameters_is_that_of_vgg16s_convolutions_and_their_mirror():
    """Thirteen there, twelve back, and the scores in place of the thirteenth."""
    there = sum(conv(3, a, b) for a, b in pairwise(VGG16))
    back = sum(conv(3, b, a) for a, b in pairwise(VGG16[1:]))
    assert count(SegNet()) == there + back + scores(64, 12, kernel=3) == 29_441_996


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (36, 34)])
def test_scores_have_the_size_of_the_image(height, width):
    for model in (small(), SegNet(widths=(4,) * 5, num_classes=3).eval()):
        assert model(image(height, width)).shape == (1, 3, height, width)


def test_values_go_back_to_where_they_were_the_largest():
    """With convolutions that hand on what they get, the scores are the image where it was the largest of its window."""
    model = SegNet(in_channels=1, widths=(1,), depths=(2,), num_classes=1).eval()
    with torch.no_grad():
        for layer in (model.encoder[0][0][0], model.encoder[0][1][0], model.decoder[0][0][0], model.score):
            layer.weight.zero_()
            layer.weight[..., 1, 1] = 1.0
        model.score.bias.zero_()
        x = torch.rand(1, 1, 4, 6, generator=torch.Generator().manual_seed(0)) + 0.1
        windows = x.unfold(2, 2, 2).unfold(3, 2, 2)
        largest = windows.amax((4, 5)).repeat_interleave(2, 2).repeat_interleave(2, 3)
        expected = torch.where(x == largest, x, torch.zeros(()))
        torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-4)


def test_the_scores_are_the_last_convolution_of_the_last_stage():
    model = small(depths=(1, 1))
    assert [len(stage) for stage in model.decoder] == [1, 0]
    assert model(image(9, 12)).shape == (1, 3, 9, 12)


def test_there_are_as_many_stages_as_the_constructor_says():
    model = small()
    assert [[layer[0].out_channels for layer in stage] for stage in model.encoder] == [[4, 4], [8, 8, 8]]
    assert [[layer[0].out_channels for layer in stage] for stage in model.decoder] == [[8, 8, 4], [4]]


@pytest.mark.parametrize(("widths", "depths"), [((4, 8), (1,)), ((), ())])
def test_stages_that_do_not_match_are_refused(widths, depths):
    with pytest.raises(ValueError, match=r"^SegNet: as many widths as depths, of one stage or more, got "):
        SegNet(widths=widths, depths=depths)


def test_a_bundle_replays_at_even_and_odd_sizes(tmp_path):
    """Unpooling takes the sizes of the maps from before, which a graph for every size must hold as symbols."""
    model = small()
    load_weights(model, torch.from_numpy)
    model.toplatform(tmp_path / "bundle", architecture="segnet", kind="network", weights="calibrated")
    again = SegNet.fromplatform(tmp_path / "bundle").eval()
    assert again(image(37, 50)).shape == (1, 3, 37, 50)
