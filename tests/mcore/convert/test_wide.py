"""Copies in float64: what ``double`` makes of a copy, and large layers that share their weight."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import mcore.convert.wide
from mcore.convert.wide import widened
from tests.mcore.convert import modules


def test_a_wide_copy_is_what_double_makes_of_a_copy():
    model = modules.Classifier().eval()
    model.tied, model.frozen = model.fc.weight, nn.Parameter(torch.ones(2), requires_grad=False)
    model.register_buffer("again", model.blocks[0].bn1.running_mean)
    wide, wanted = widened(model), copy.deepcopy(model).double()
    found, expected = dict(wide.state_dict()), dict(wanted.state_dict())
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    assert wide.tied is wide.fc.weight
    assert wide.again is wide.blocks[0].bn1.running_mean
    assert not wide.frozen.requires_grad
    assert wide.fc.weight.requires_grad
    assert model.fc.weight.dtype is torch.float32


@pytest.fixture
def large(monkeypatch):
    """Linear layers of 24 elements are large, and are widened in parts of two rows."""
    monkeypatch.setattr(mcore.convert.wide, "LARGE", 24)
    monkeypatch.setattr(mcore.convert.wide, "_PART", 13)


class Head(nn.Module):
    """Large layers in a row, the last one without a bias."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(6, 7), nn.Linear(7, 6), nn.Linear(6, 5, bias=False)
        self.eval()

    def forward(self, x):
        return self.third(self.second(self.first(x).relu()).relu())


@pytest.mark.parametrize("shape", [(1, 6), (3, 6), (2, 5, 6), (6,), (0, 6)])
def test_large_layers_compute_what_double_ones_do(large, shape):
    model, x = Head(), torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(widened(model)(x), copy.deepcopy(model).double()(x), rtol=1e-14, atol=1e-14)


def test_a_large_weight_is_not_copied_and_is_wide_for_those_who_ask(large):
    model = Head()
    wide = widened(model)
    assert {name for name, _ in wide.named_parameters()} == {"first.bias", "second.bias"}
    assert torch.equal(wide.first.weight, model.first.weight.double())
    assert isinstance(wide.first, nn.Linear)
    with torch.no_grad():
        model.first.weight.zero_()
        assert not wide.first.weight.any()
    assert model.first.weight.dtype is model.first.bias.dtype is torch.float32


def test_a_weight_that_others_have_too_is_wide_there(large):
    model = Head()
    model.tied, model.first.weight = nn.Embedding(7, 6), nn.Parameter(torch.randn(7, 6))
    model.tied.weight = model.first.weight
    wide = widened(model)
    assert torch.equal(wide.tied.weight, model.first.weight.double())
    assert torch.equal(wide.first.weight, wide.tied.weight)


class Doubling(nn.Linear):
    """A linear layer that is more than that."""

    def forward(self, x):
        return 2 * super().forward(x)


def special(change) -> nn.Module:
    model = Head()
    change(model)
    return model


SPECIAL = [
    lambda model: setattr(model, "second", Doubling(7, 6)),
    lambda model: model.second.register_forward_hook(lambda layer, inputs, output: 2 * output),
    lambda model: model.second.register_forward_pre_hook(lambda layer, inputs: (2 * inputs[0],)),
    lambda model: setattr(model.second, "forward", lambda x: x[..., :6]),
    lambda model: nn.utils.parametrizations.weight_norm(model.second),
]


@pytest.mark.parametrize("change", SPECIAL)
def test_a_layer_that_is_special_is_copied_as_a_whole(large, change):
    model, x = special(change), torch.randn(3, 6, dtype=torch.float64)
    torch.testing.assert_close(widened(model)(x), copy.deepcopy(model).double()(x), rtol=1e-14, atol=1e-14)


def test_what_is_not_float64_is_refused_as_by_a_double_layer(large):
    with pytest.raises(RuntimeError, match="dtype"):
        widened(Head())(torch.randn(3, 6))


def test_from_the_size_on_that_is_said_a_layer_is_large():
    torch.manual_seed(0)
    layer, x = nn.Linear(2048, 2048).eval(), torch.randn(1, 2048, dtype=torch.float64)
    assert layer.weight.numel() == mcore.convert.wide.LARGE
    assert not dict(widened(layer).named_parameters()).keys() & {"weight"}
    found, wanted = widened(layer)(x), copy.deepcopy(layer).double()(x)
    assert (found - wanted).abs().max() < 1e-14 * wanted.abs().max()
