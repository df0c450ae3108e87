"""CSPNet: which half goes where."""

import torch

from models import LeakyReLU, Mish
from models.backbones import CSPDarknet53, CSPResNet50


def test_one_half_of_the_channels_passes_the_blocks_untouched():
    """With the blocks' way cut off, the stage gives what one 1x1 convolution makes of the other half."""
    stage = CSPResNet50().stages[1].eval()
    with torch.no_grad():
        stage.conv_transition_b.bn.weight.zero_()
        stage.conv_transition_b.bn.bias.zero_()
        x = torch.randn(1, 128, 9, 7)
        past = stage.conv_exp(stage.conv_down(x))[:, : stage.split_channels]
        alone = torch.nn.functional.conv2d(past, stage.conv_transition.conv.weight[:, : stage.split_channels])
        expected = stage.conv_transition.act(stage.conv_transition.bn(alone))
        torch.testing.assert_close(stage(x), expected)


def test_the_split_map_is_linear_in_csp_resnet_only():
    assert all(not isinstance(s.conv_exp.act, LeakyReLU) for s in CSPResNet50().stages)
    assert all(isinstance(s.conv_exp.act, LeakyReLU) for s in CSPDarknet53().stages)


def test_yolov4s_activation_is_taken_everywhere():
    modules = list(CSPDarknet53(act=Mish).modules())
    assert not any(isinstance(m, LeakyReLU) for m in modules)
    assert sum(isinstance(m, Mish) for m in modules) == 1 + 5 * 4 + 2 * (1 + 2 + 8 + 8 + 4)


def test_depths_are_those_of_the_networks_that_it_is_made_of():
    assert [len(s.blocks) for s in CSPDarknet53().stages] == [1, 2, 8, 8, 4]
    assert [len(s.blocks) for s in CSPResNet50().stages] == [3, 3, 5, 2]
