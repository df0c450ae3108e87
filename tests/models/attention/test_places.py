"""Attention among all places of a map: the non-local block and self-attention of several heads."""

import pytest
import torch

from models import Identity
from models.attention import MultiHeadSelfAttention, NonLocal
from tests.models.catalogue import load_weights


@pytest.fixture
def x():
    return torch.randn(2, 8, 3, 4, generator=torch.Generator().manual_seed(0))


def test_the_non_local_block_is_the_papers_formula(x):
    module = NonLocal(in_channels=8).eval()
    load_weights(module, torch.from_numpy)
    theta, phi, g = (layer(x).flatten(2) for layer in (module.theta, module.phi, module.g))  # (N, 4, H * W)
    shares = torch.softmax(theta.mT @ phi, dim=-1)
    y = (g @ shares.mT).reshape(2, 4, 3, 4)
    torch.testing.assert_close(module(x), x + module.project(y), rtol=1e-4, atol=1e-5)


def test_it_can_start_as_the_identity(x):
    assert torch.equal(NonLocal(in_channels=8, identity=True)(x), x)
    assert not torch.allclose(NonLocal(in_channels=8)(x), x)


@pytest.mark.parametrize(("channels", "reduction", "width"), [(64, 2, 32), (64, 4, 16), (2, 4, 1)])
def test_reduction_gives_the_width_of_the_embeddings(channels, reduction, width):
    assert NonLocal(in_channels=channels, reduction=reduction).g.out_channels == width


@pytest.mark.parametrize("bias", [True, False])
def test_self_attention_is_the_papers_formula(x, bias):
    module = MultiHeadSelfAttention(in_channels=8, num_heads=2, bias=bias).eval()
    load_weights(module, torch.from_numpy)
    tokens = x.flatten(2).mT
    inner = module.attention
    q, k, v = (
        y.reshape(2, 12, 2, 4).transpose(1, 2)
        for y in torch.nn.functional.linear(tokens, inner.in_proj_weight, inner.in_proj_bias).chunk(3, dim=-1)
    )
    y = (torch.softmax(q @ k.mT / 2, dim=-1) @ v).transpose(1, 2).reshape(2, 12, 8)
    torch.testing.assert_close(module(x), inner.out_proj(y).mT.reshape(2, 8, 3, 4), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("module", [NonLocal(in_channels=8, norm=Identity), MultiHeadSelfAttention(in_channels=8)])
def test_places_that_change_their_order_change_it_in_the_result(module, x):
    module.eval()
    load_weights(module, torch.from_numpy)
    torch.testing.assert_close(module(x.flip(2, 3)), module(x).flip(2, 3), rtol=1e-4, atol=1e-5)


def test_every_place_sees_every_other():
    module = MultiHeadSelfAttention(in_channels=8).eval()
    x = torch.randn(1, 8, 3, 4, requires_grad=True)
    module(x)[0, :, 0, 0].sum().backward()
    assert (x.grad.abs().sum(1) > 0).all()
