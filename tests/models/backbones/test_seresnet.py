"""SE-ResNet and SE-ResNeXt: a gate in every block."""

import torch

from models.attention import SqueezeExcitation
from models.backbones import ResNet50, SEResNet50, SEResNet101, SEResNeXt50_32x4d
from models.basicblocks import Bottleneck
from tests.models.references.reference import on_meta


def test_every_block_has_a_gate_of_its_width():
    model = SEResNet50()
    blocks = [m for m in model.modules() if isinstance(m, Bottleneck)]
    assert len(blocks) == 16
    assert all(isinstance(b.se, SqueezeExcitation) for b in blocks)
    assert [b.se.in_channels for b in blocks] == [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3


def test_with_gates_wide_open_it_is_resnet50():
    """A gate whose bias is large lets all through: what is left is the plain network."""
    gated, plain = SEResNet50().eval(), ResNet50().eval()
    with torch.no_grad():
        for module in gated.modules():
            if isinstance(module, SqueezeExcitation):
                module.fc2.weight.zero_()
                module.fc2.bias.fill_(100.0)
        plain.load_state_dict({k: v for k, v in gated.state_dict().items() if ".se." not in k})
        x = torch.randn(1, 3, 47, 64, generator=torch.Generator().manual_seed(0))
        for a, b in zip(gated(x), plain(x), strict=True):
            torch.testing.assert_close(a, b)


def test_dilation_is_inherited():
    assert SEResNet50(output_stride=16).strides == (2, 4, 8, 16, 16)


def test_depth_and_groups_are_those_of_the_name():
    deep, grouped = on_meta(SEResNet101), on_meta(SEResNeXt50_32x4d)
    assert sum(isinstance(m, SqueezeExcitation) for m in deep.modules()) == 3 + 4 + 23 + 3
    blocks = [m for m in grouped.modules() if isinstance(m, Bottleneck)]
    assert {b.conv2.groups for b in blocks} == {32}
    assert [b.conv2.out_channels for b in blocks[:1] + blocks[-1:]] == [128, 1024]
    assert all(isinstance(b.se, SqueezeExcitation) for b in blocks)
