"""Classification head."""

import pytest
import torch

from models.heads import ClassificationHead


def test_logits_are_a_linear_function_of_the_mean_of_the_last_map():
    head = ClassificationHead(in_channels=(4, 8), in_strides=(4, 8), num_classes=3).eval()
    features = [torch.randn(2, 4, 10, 6), torch.randn(2, 8, 5, 3)]
    expected = features[1].mean((2, 3)) @ head.fc.weight.T + head.fc.bias
    torch.testing.assert_close(head(features), expected)


def test_the_finer_maps_do_not_matter():
    head = ClassificationHead(in_channels=(4, 8), in_strides=(4, 8), num_classes=3).eval()
    last = torch.randn(1, 8, 5, 3)
    assert torch.equal(head([torch.zeros(1, 4, 10, 6), last]), head([torch.ones(1, 4, 10, 6), last]))


def test_it_gives_no_map():
    assert ClassificationHead().output_stride is None


def test_sampling_gives_every_feature_at_its_scale():
    sampling = ClassificationHead(in_channels=(4, 8), in_strides=(4, 16)).sampling
    assert [i.name for i in sampling.inputs] == ["features.0", "features.1"]
    assert [i.concrete(2, 3, 5) for i in sampling.inputs] == [(2, 4, 12, 20), (2, 8, 3, 5)]


@pytest.mark.parametrize(
    ("channels", "strides", "text"),
    [
        ((), (), "0 channels and 0 strides do not describe"),
        ((4, 8), (4,), "2 channels and 1 strides do not describe"),
        ((4, 8), (8, 4), "features go from fine to coarse, got 4 at 1/8, 8 at 1/4"),
        ((4, 0), (4, 8), "channels and strides are positive, got 4 at 1/4, 0 at 1/8"),
    ],
)
def test_a_description_that_is_none_is_refused(channels, strides, text):
    with pytest.raises(ValueError, match=f"^ClassificationHead: {text}"):
        ClassificationHead(in_channels=channels, in_strides=strides)
