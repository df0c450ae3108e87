"""Networks that were not written for the converter: torchvision's own, where it is installed."""

from __future__ import annotations

import pytest
import torch

from mcore.convert import capture
from mcore.convert.calibrate import calibrate
from mcore.convert.running import Size, evaluation_copy, seeded_inputs
from mcore.platform.runtime import Model
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert.harness import assert_close, platform_outputs, torch_outputs
from tests.models.torchvision_reference import torchvision
from tests.servers import NOT_INSTALLED, missing

SMALL = Sampling.image(3, ((48, 48), (48, 64), (41, 57)))
FIXED = Sampling((Input("x", (N, 3, H, W)),), ((32, 32),), minimum=32, fixed=True)
UNSEEN = Size(1, 65, 50)

NETWORKS = [
    "densenet121",
    "efficientnet_b0",
    "convnext_tiny",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
]


@pytest.fixture(scope="module")
def models():
    try:
        return torchvision().models
    except ImportError:
        missing("torchvision", NOT_INSTALLED)


def calibrated(model: torch.nn.Module, sampling: Sampling) -> torch.nn.Module:
    model = evaluation_copy(model)
    calibrate(model, sampling, "torchvision")
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_right_at_a_size_that_was_never_traced(name, models):
    model = calibrated(getattr(models, name)(weights=None), SMALL)
    captured = capture(model, SMALL)
    assert not captured.graph.guards
    inputs = seeded_inputs(SMALL, UNSEEN, "unseen")
    assert_close(
        platform_outputs(captured.graph, captured.weights, inputs, "exact"), torch_outputs(model, inputs), 1e-4
    )


@pytest.mark.filterwarnings("ignore")
def test_a_network_that_knows_one_size_has_a_graph_for_that(models):
    model = models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5
    )
    model = calibrated(model, FIXED)
    captured = capture(model, FIXED)
    assert list(captured.graph.symbols) == ["N"]
    assert {"Dropout", "LayerNorm", "Linear"} <= set(captured.report.layers)
    inputs = seeded_inputs(FIXED, Size(3, 32, 32), "unseen")
    assert_close(platform_outputs(captured.graph, captured.weights, inputs), torch_outputs(model, inputs), 1e-4)


@pytest.mark.filterwarnings("ignore")
def test_a_network_that_writes_through_a_view_of_a_bias_is_right_at_every_sample(models):
    """The second version of Swin, which also branches on the size of its windows."""
    swin = models.swin_transformer
    model = swin.SwinTransformer(
        patch_size=[4, 4],
        embed_dim=16,
        depths=[2, 2],
        num_heads=[2, 2],
        window_size=[4, 4],
        num_classes=5,
        block=swin.SwinTransformerBlockV2,
        downsample_layer=swin.PatchMergingV2,
    )
    sampling = Sampling.image(3, ((64, 64), (32, 48), (16, 24)), minimum=16, multiple_of=8)
    model = calibrated(model, sampling)
    captured = capture(model, sampling)
    assert captured.report.canonicalised["writes through views made functional"] >= 4
    assert len(captured.graphs) > 1
    runtime = Model(captured.graphs, captured.weights, mode="exact")
    for height, width in sampling.sizes:
        inputs = seeded_inputs(sampling, Size(1, height, width), "unseen")
        found = runtime.run({name: tensor.numpy() for name, tensor in inputs.items()})
        assert_close(found, torch_outputs(model, inputs), 1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_segmentation_network_keeps_the_names_of_its_dict(models):
    model = calibrated(models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None), SMALL)
    captured = capture(model, SMALL)
    assert list(captured.graph.outputs) == ["out"]
    assert captured.graph.metadata["result"] == {"dict": [["out", "out"]]}
