"""Attention in windows: cutting, joining, offsets, and what shifting may and may not bring together."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.basicblocks.windows import SwinBlock, WindowAttention, relative_positions
from tests.models.catalogue import load_weights
from tests.models.torchvision_reference import torchvision

WINDOW = 3


def attention(shift: int, channels: int = 8) -> WindowAttention:
    module = WindowAttention(channels=channels, num_heads=2, window=WINDOW, shift=shift).eval()
    load_weights(module, torch.from_numpy)
    return module


def test_windows_are_cut_row_by_row_and_joined_again():
    module = attention(0)
    x = torch.arange(2 * 6 * 9 * 4).reshape(2, 6, 9, 4)
    windows = module.cut(x, 2, 3)
    assert torch.equal(windows[:, 4], x[:, 3:6, 3:6].reshape(2, 9, 4))
    assert torch.equal(module.join(windows, 2, 3), x)


@settings(max_examples=40)
@given(height=st.integers(1, 10), width=st.integers(1, 10), shift=st.integers(0, WINDOW - 1), batch=st.integers(1, 2))
def test_it_computes_what_torchvisions_function_computes_at_any_size(height, width, shift, batch):
    torchvision()
    from torchvision.models.swin_transformer import shifted_window_attention

    module = attention(shift)
    x = torch.randn(batch, height, width, 8, generator=torch.Generator().manual_seed(height * 100 + width))
    with torch.no_grad():
        expected = shifted_window_attention(
            x,
            module.qkv.weight,
            module.proj.weight,
            module.bias()[None],
            [WINDOW, WINDOW],
            2,
            [shift, shift],
            qkv_bias=module.qkv.bias,
            proj_bias=module.proj.bias,
            training=False,
        )
        torch.testing.assert_close(module(x), expected, rtol=1e-4, atol=1e-5)


def test_offsets_have_one_number_each():
    index = relative_positions(WINDOW).reshape(9, 9)
    assert index.min() == 0
    assert index.max() == (2 * WINDOW - 1) ** 2 - 1
    assert len(set(index.diagonal().tolist())) == 1
    number = {}
    for a in range(9):
        for b in range(9):
            offset = (a // 3 - b // 3, a % 3 - b % 3)
            assert number.setdefault(offset, int(index[a, b])) == int(index[a, b])
    assert len(set(number.values())) == 25


def test_a_place_sees_its_window_and_nothing_else():
    module = attention(0)
    x = torch.randn(1, 6, 6, 8, requires_grad=True)
    module(x)[0, 0, 0].sum().backward()
    seen = x.grad.abs().sum(-1)[0] > 0
    assert seen[:3, :3].all()
    assert seen.sum() == 9


def test_shifted_windows_join_neighbours_but_not_opposite_edges():
    module = attention(1)
    x = torch.randn(1, 6, 6, 8, requires_grad=True)
    module(x)[0, 2, 2].sum().backward()
    seen = x.grad.abs().sum(-1)[0] > 1e-12
    assert seen[1:4, 1:4].all()
    assert seen.sum() == 9
    x.grad = None
    module(x)[0, 0, 0].sum().backward()  # rolled to the end, into the window of the far corner, but masked from it
    assert (x.grad.abs().sum(-1)[0] > 1e-12).nonzero().tolist() == [[0, 0]]


def test_both_branches_are_added():
    block = SwinBlock(channels=8, num_heads=2, window=WINDOW, shift=1).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(1, 5, 7, 8)
    y = x + block.attn(block.norm1(x))
    torch.testing.assert_close(block(x), y + block.mlp(block.norm2(y)))


@pytest.mark.parametrize("channels", [6, 10])
def test_heads_share_the_channels(channels):
    module = attention(0, channels=channels)
    assert module.qkv.out_features == 3 * channels
    assert module.relative_position_bias_table.shape == (25, 2)
