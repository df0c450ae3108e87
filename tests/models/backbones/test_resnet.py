"""ResNet backbones: depths, dilation and what their constructors refuse."""

import pytest
import torch

from models import GELU, Identity
from models.attention import SqueezeExcitation
from models.backbones import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from models.backbones.resnet import ResNet
from models.basicblocks import BasicBlock, Bottleneck
from tests.models.catalogue import load_weights
from tests.models.torchvision_reference import torchvision

IMAGE = torch.randn(1, 3, 70, 97, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("backbone", "block", "layers"),
    [
        (ResNet18, BasicBlock, 18),
        (ResNet34, BasicBlock, 34),
        (ResNet50, Bottleneck, 50),
        (ResNet101, Bottleneck, 101),
        (ResNet152, Bottleneck, 152),
    ],
)
def test_the_number_in_the_name_counts_the_layers(backbone, block, layers):
    model = backbone()
    blocks = [m for m in model.modules() if isinstance(m, BasicBlock | Bottleneck)]
    assert {type(b) for b in blocks} == {block}
    convolutions = 2 if block is BasicBlock else 3
    assert 1 + convolutions * len(blocks) + 1 == layers  # the stem and, in the network, the linear layer


@pytest.mark.parametrize(
    ("output_stride", "strides"),
    [(32, (2, 4, 8, 16, 32)), (16, (2, 4, 8, 16, 16)), (8, (2, 4, 8, 8, 8))],
)
@pytest.mark.parametrize("backbone", [ResNet18, ResNet50])
def test_output_stride_is_what_the_maps_have(backbone, output_stride, strides):
    model = backbone(output_stride=output_stride).eval()
    assert model.strides == strides
    with torch.no_grad():
        maps = model(IMAGE)
    assert [tuple(m.shape[2:]) for m in maps] == [(-(-70 // s), -(-97 // s)) for s in strides]


@pytest.mark.parametrize(
    ("output_stride", "dilate"), [(32, (False,) * 3), (16, (False, False, True)), (8, (False, True, True))]
)
def test_dilated_maps_are_torchvisions(output_stride, dilate):
    reference = torchvision().models.resnet50(replace_stride_with_dilation=dilate).eval()
    load_weights(reference, torch.from_numpy)
    model = ResNet50(output_stride=output_stride).eval()
    model.load_state_dict({k: v for k, v in reference.state_dict().items() if not k.startswith("fc.")})
    with torch.no_grad():
        x = reference.maxpool(reference.relu(reference.bn1(reference.conv1(IMAGE))))
        expected = []
        for stage in (reference.layer1, reference.layer2, reference.layer3, reference.layer4):
            x = stage(x)
            expected.append(x)
        for ours, theirs in zip(model(IMAGE)[1:], expected, strict=True):
            assert torch.equal(ours, theirs)


def test_dilation_keeps_the_weights_and_sees_as_far():
    """The same weights on the denser grid give, at every fourth place, nearly what the strided network gives."""
    plain, dilated = ResNet18().eval(), ResNet18(output_stride=8).eval()
    assert {k: v.shape for k, v in plain.state_dict().items()} == {k: v.shape for k, v in dilated.state_dict().items()}
    assert [m.dilation for m in dilated.layer4[1].modules() if hasattr(m, "dilation")] == [(4, 4), (4, 4)]
    assert dilated.layer4[0].conv1.dilation == (2, 2)


def test_the_general_class_takes_block_depths_width_and_attention():
    model = ResNet(block=Bottleneck, depths=(1, 2, 1, 1), width=8, in_channels=1, act=GELU, attention=SqueezeExcitation)
    assert model.channels == (8, 32, 64, 128, 256)
    assert [len(s) for s in (model.layer1, model.layer2, model.layer3, model.layer4)] == [1, 2, 1, 1]
    assert sum(isinstance(m, SqueezeExcitation) for m in model.modules()) == 5
    assert sum(isinstance(m, GELU) for m in model.modules()) == 1 + 3 * 5
    assert model.eval()(torch.zeros(1, 1, 33, 33))[-1].shape == (1, 256, 2, 2)


def test_norm_is_taken_everywhere():
    model = ResNet18(norm=lambda channels: Identity())
    assert not any("running_mean" in key for key in model.state_dict())


def test_wrong_arguments_are_refused_by_the_name_of_the_class():
    with pytest.raises(ValueError, match=r"^ResNet50: output_stride is 8, 16 or 32, got 4$"):
        ResNet50(output_stride=4)
    with pytest.raises(ValueError, match=r"^ResNet: depths are of four stages, got \(2, 2\)$"):
        ResNet(block=Bottleneck, depths=(2, 2))
    with pytest.raises(TypeError):
        ResNet18(3)
