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


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        ("avg", lambda x: x.mean((2, 3))),
        ("max", lambda x: x.amax((2, 3))),
        ("avgmax", lambda x: (x.mean((2, 3)) + x.amax((2, 3))) / 2),
        ("gem", lambda x: x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)),
    ],
)
def test_pooling_is_what_its_name_says(pooling, pooled):
    head = ClassificationHead(in_channels=(8,), num_classes=3, pooling=pooling).eval()
    x = torch.randn(2, 8, 5, 3)
    torch.testing.assert_close(head([x]), pooled(x) @ head.fc.weight.T + head.fc.bias)


def test_the_power_of_the_generalized_mean_is_learnt():
    head = ClassificationHead(in_channels=(8,), num_classes=3, pooling="gem")
    head([torch.randn(2, 8, 5, 3)]).sum().backward()
    assert head.pool.power.grad.abs().max() > 0
    assert list(ClassificationHead().state_dict()) == ["fc.weight", "fc.bias"]


def test_another_pooling_is_refused():
    with pytest.raises(ValueError, match=r"^ClassificationHead: pooling is one of avg, max, avgmax, gem, got 'mean'$"):
        ClassificationHead(pooling="mean")


@pytest.mark.parametrize("pooling", ["max", "avgmax", "gem"])
def test_every_pooling_converts(pooling, tmp_path):
    head = ClassificationHead(in_channels=(8,), num_classes=3, pooling=pooling)
    head.toplatform(tmp_path / "bundle", architecture="head", kind="head", weights="calibrated")
    again = ClassificationHead.fromplatform(tmp_path / "bundle").eval()
    assert again.constructor["parameters"]["pooling"] == pooling


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
