"""Attention over channels and places by pooling: ECA, CBAM, scSE, coordinate attention; their formulas, timm's modules."""

from importlib import import_module
from types import SimpleNamespace

import pytest
import torch

from models import Hardsigmoid, Identity
from models.attention import CBAM, ECA, SCSE, CoordinateAttention, SqueezeExcitation
from models.attention.eca import kernel_size_for
from tests.models.catalogue import load_weights
from tests.models.torchvision_reference import torchvision


def loaded(module):
    load_weights(module, torch.from_numpy)
    return module.eval()


@pytest.fixture
def x():
    return torch.randn(2, 32, 5, 7, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def timm_layers():
    """timm's own modules; it needs torchvision, which is prepared first."""
    torchvision()
    cbam, coordinate, eca = (import_module(f"timm.layers.{name}") for name in ("cbam", "coord_attn", "eca"))
    return SimpleNamespace(CbamModule=cbam.CbamModule, CoordAttn=coordinate.CoordAttn, EcaModule=eca.EcaModule)


def test_eca_weights_a_channel_by_the_means_of_its_neighbours(x):
    module = loaded(ECA(in_channels=32, kernel_size=3))
    means = torch.nn.functional.pad(x.mean((2, 3)), (1, 1))
    before, here, after = module.conv.weight.flatten()
    scores = means[:, :-2] * before + means[:, 1:-1] * here + means[:, 2:] * after
    torch.testing.assert_close(module(x), x * torch.sigmoid(scores)[..., None, None])


@pytest.mark.parametrize(("channels", "size"), [(16, 3), (64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)])
def test_eca_takes_as_many_neighbours_as_the_paper_says(channels, size, timm_layers):
    """Figure 3's rule; its numbers for ResNet's stages are those of timm."""
    assert kernel_size_for(channels) == size
    assert timm_layers.EcaModule(channels).conv.kernel_size == (size,)


def test_eca_refuses_an_even_number():
    with pytest.raises(ValueError, match=r"^ECA: kernel_size must be odd, got 4$"):
        ECA(kernel_size=4)


def test_eca_is_timms(x, timm_layers):
    module = loaded(ECA(in_channels=32))
    theirs = timm_layers.EcaModule(32)
    theirs.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x), theirs(x))


def test_cbam_is_the_papers_formula(x):
    module = loaded(CBAM(in_channels=32, reduction=4, norm=Identity))
    first, second = (layer.weight.flatten(1) for layer in (module.channel.fc1, module.channel.fc2))
    scores = sum(torch.relu(pooled @ first.T) @ second.T for pooled in (x.mean((2, 3)), x.amax((2, 3))))
    y = x * torch.sigmoid(scores)[..., None, None]
    pooled = torch.stack([y.mean(1), y.amax(1)], dim=1)
    scores = torch.nn.functional.conv2d(pooled, module.spatial.conv[0].weight, padding=3)
    torch.testing.assert_close(module(x), y * torch.sigmoid(scores))


def test_cbam_is_timms(x, timm_layers):
    module = loaded(CBAM(in_channels=32, reduction=4))
    theirs = timm_layers.CbamModule(32, rd_ratio=1 / 4, rd_divisor=1).eval()
    renamed = {
        k.replace("conv.0.", "conv.conv.").replace("conv.1.", "conv.bn."): v for k, v in module.state_dict().items()
    }
    theirs.load_state_dict(renamed)
    torch.testing.assert_close(module(x), theirs(x))


def test_scse_adds_both_weightings(x):
    module = loaded(SCSE(in_channels=32))
    places = torch.sigmoid(torch.nn.functional.conv2d(x, module.spatial.weight, module.spatial.bias))
    assert places.shape == (2, 1, 5, 7)
    torch.testing.assert_close(module(x), module.channel(x) + x * places)
    assert isinstance(module.channel, SqueezeExcitation)
    assert module.channel.fc1.out_channels == 16


def test_coordinate_attention_is_the_papers_formula(x):
    module = loaded(CoordinateAttention(in_channels=32))

    def bottleneck(y):
        return torch.nn.functional.hardswish(module.bn1(module.conv1(y)))

    rows = torch.sigmoid(module.conv_h(bottleneck(x.mean(3, keepdim=True))))
    columns = torch.sigmoid(module.conv_w(bottleneck(x.mean(2, keepdim=True))))
    assert rows.shape == (2, 32, 5, 1)
    assert columns.shape == (2, 32, 1, 7)
    torch.testing.assert_close(module(x), x * rows * columns)


def test_coordinate_attention_is_timms(x, timm_layers):
    module = loaded(CoordinateAttention(in_channels=32))
    theirs = timm_layers.CoordAttn(32, rd_channels=8, bias=True).eval()
    theirs.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x), theirs(x))


@pytest.mark.parametrize(("channels", "hidden"), [(32, 8), (256, 8), (512, 16)])
def test_coordinate_attention_keeps_eight_channels_inside(channels, hidden):
    assert CoordinateAttention(in_channels=channels).conv1.out_channels == hidden


@pytest.mark.parametrize("cls", [ECA, CBAM, SCSE, CoordinateAttention])
def test_the_gate_is_that_of_the_constructor(cls):
    gates = [m for m in cls(gate=Hardsigmoid).modules() if isinstance(m, Hardsigmoid | torch.nn.Sigmoid)]
    assert gates
    assert all(isinstance(g, Hardsigmoid) for g in gates)
