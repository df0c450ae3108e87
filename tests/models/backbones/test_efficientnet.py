"""EfficientNet's backbones, both versions: blocks, attention, stochastic depth, normalization."""

import pytest
import torch

from models import ReLU, SiLU
from models.attention import SqueezeExcitation
from models.backbones import EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetV2S
from models.basicblocks import FusedMBConv, MBConv
from models.networks import efficientnet_b0, efficientnet_b2
from tests.models.catalogue import load_weights


def blocks_of(model):
    return [m for m in model.modules() if isinstance(m, MBConv | FusedMBConv)]


def depths_of(model):
    return [len(stage) for stage in list(model.features)[1:-1]]


@pytest.mark.parametrize(
    ("network", "depths", "channels"),
    [
        (EfficientNetB0, [1, 2, 2, 3, 3, 4, 1], [16, 24, 40, 80, 112, 192, 320]),
        (EfficientNetB1, [2, 3, 3, 4, 4, 5, 2], [16, 24, 40, 80, 112, 192, 320]),
        (EfficientNetB2, [2, 3, 3, 4, 4, 5, 2], [16, 24, 48, 88, 120, 208, 352]),
        (EfficientNetV2S, [2, 4, 4, 6, 9, 15], [24, 48, 64, 128, 160, 256]),
    ],
)
def test_stages_are_those_of_the_papers_tables_scaled(network, depths, channels):
    model = network()
    assert depths_of(model) == depths
    assert [stage[-1].block[-1][0].out_channels for stage in list(model.features)[1:-1]] == channels


def test_the_attention_squeezes_to_a_quarter_of_the_blocks_input():
    attentions = [m for m in EfficientNetB0().modules() if isinstance(m, SqueezeExcitation)]
    assert [m.fc1.out_channels for m in attentions] == [8, 4] + [6] * 2 + [10] * 2 + [20] * 3 + [28] * 3 + [48] * 4
    assert all(isinstance(m.act, SiLU) for m in attentions)


def test_only_early_stages_of_the_second_version_are_fused():
    fused = [isinstance(b, FusedMBConv) for b in blocks_of(EfficientNetV2S())]
    assert fused == [True] * 10 + [False] * 30


def test_stochastic_depth_grows_evenly_and_is_off_by_default():
    assert {b.stochastic_depth.share for b in blocks_of(EfficientNetB0())} == {0}
    shares = [b.stochastic_depth.share for b in blocks_of(EfficientNetB0(stochastic_depth=0.2))]
    assert shares == pytest.approx([0.2 * i / 16 for i in range(16)])


def test_stochastic_depth_changes_training_and_not_evaluation():
    model = efficientnet_b0(num_classes=4, stochastic_depth=0.5, dropout=0.0)
    load_weights(model, torch.from_numpy)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(*(model.eval()(x) for _ in range(2)))
        for module in model.train().modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
        assert not torch.equal(*(model(x) for _ in range(2)))


def test_normalization_of_the_second_version_has_the_papers_epsilon():
    norms = [m for m in EfficientNetV2S().modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(0.001, 0.1)}


def test_activation_is_taken_everywhere():
    assert not any(isinstance(m, SiLU) for m in EfficientNetB0(act=ReLU).modules())


def test_a_larger_network_drops_more_before_its_last_layer():
    assert efficientnet_b0().classifier[0].p == 0.2
    assert efficientnet_b2().classifier[0].p == 0.3
