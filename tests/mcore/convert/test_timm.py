"""A handful of timm's networks, each for something that it does; the sweep of docs/third_party.md has 150."""

from __future__ import annotations

import warnings

import pytest
import torch

from benchmarks.thirdparty import packages
from mcore.convert import capture
from mcore.convert.calibrate import calibrate
from mcore.convert.running import Size, evaluation_copy, seeded_inputs
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert.harness import assert_close, platform_outputs, torch_outputs
from tests.servers import NOT_INSTALLED, missing

SMALL = Sampling.image(3, ((64, 64), (64, 96), (67, 81)))
FIXED = Sampling((Input("x", (N, 3, H, W)),), ((32, 32),), minimum=32, fixed=True)

ANY_SIZE = {
    "convnextv2_atto": "global response normalisation",
    "efficientvit_b0": "linear attention",
    "ghostnet_050": "feature maps cut at a width",
    "repvgg_a0": "branches that are folded",
    "tf_efficientnet_b0": "padding from a quotient of sizes",
}
ONE_SIZE = {
    "vit_tiny_patch16_224": {"img_size": 32, "depth": 2},
    "swin_tiny_patch4_window7_224": {"img_size": 32, "window_size": 4, "depths": (2, 1), "num_heads": (3, 6)},
    "mixer_s16_224": {"img_size": 32},
}


@pytest.fixture(scope="module")
def create():
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return packages.timm().create_model
    except ImportError:
        missing("timm", NOT_INSTALLED)


def right_at(size: Size, model: torch.nn.Module, sampling: Sampling) -> None:
    model = evaluation_copy(model)
    calibrate(model, sampling, "timm")
    captured = capture(model, sampling)
    inputs = seeded_inputs(sampling, size, "unseen")
    assert_close(
        platform_outputs(captured.graph, captured.weights, inputs, "exact"), torch_outputs(model, inputs), 1e-4
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ANY_SIZE)
def test_one_graph_is_right_at_a_size_that_was_never_traced(name, create):
    right_at(Size(1, 75, 58), create(name, pretrained=False), SMALL)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ONE_SIZE)
def test_one_that_takes_one_size_is_right_at_any_batch(name, create):
    right_at(Size(5, 32, 32), create(name, pretrained=False, num_classes=7, **ONE_SIZE[name]), FIXED)
