"""Writes through views: the base has the new values, other views follow, and torch agrees at every size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, check, ops, perturbed

#: A view of an image of four channels, by name.
VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "part": lambda y: y[:, 1:3],
    "from the end": lambda y: y[..., :-2],
    "one channel": lambda y: y[:, 2],
    "one row": lambda y: y[:, :, -1],
    "corner": lambda y: y[:, 1:, :2, 1:3],
    "narrow": lambda y: y.narrow(1, 1, 2),
    "select": lambda y: y.select(1, 3),
    "view": lambda y: y.view(y.shape[0], -1),
    "flatten": lambda y: y.flatten(1),
    "split of view": lambda y: y.view(y.shape[0], 2, 2, *y.shape[2:])[:, 1],
    "transposed": lambda y: y.transpose(1, 3),
    "permuted part": lambda y: y.permute(0, 2, 3, 1)[..., 1:],
    "chunk": lambda y: y.chunk(2, 1)[1],
    "split": lambda y: y.split([1, 2, 1], dim=1)[1],
    "unbind": lambda y: y.unbind(1)[2],
    "new axis": lambda y: y[:, None, 1:],
    "unsqueezed": lambda y: y.unsqueeze(0).squeeze(0)[:, :1],
    "detached": lambda y: y.detach(),
    "data": lambda y: y.data[:, :1],
    "view as": lambda y: y.view_as(y.permute(0, 1, 2, 3))[:, 3:],
}
WRITES: dict[str, Callable[[Tensor], object]] = {
    "mul_": lambda v: v.mul_(2),
    "zero_": lambda v: v.zero_(),
    "fill_": lambda v: v.fill_(0.25),
    "copy_": lambda v: v.copy_(torch.tanh(v)),
    "relu_": lambda v: F.relu(v, inplace=True),
    "clamp_": lambda v: v.clamp_(-0.2, 0.1),
    "setitem": lambda v: v.__setitem__(slice(None), 1.5),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_write_through_a_view_reaches_its_base(view):
    def function(x):
        y = x * 1.5
        view(y).add_(3)
        return y

    check(Apply(function))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_write_reaches_the_base(write):
    def function(x):
        y = x * 1.5
        write(y[:, 1:3])
        return y

    check(Apply(function))


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(sorted(VIEWS)), st.sampled_from(sorted(WRITES))), min_size=1, max_size=3))
def test_writes_through_views_one_after_the_other_and_all_views_follow(steps):
    def function(x):
        y = x * 1.5
        views = [VIEWS[name](y) for name, _ in steps]
        for view, (_, write) in zip(views, steps, strict=True):
            WRITES[write](view)
        return [y, *(view + 0.5 for view in views)]

    check(Apply(function), limit=5e-5)


def test_a_view_of_a_view_writes_through_both():
    def function(x):
        y = x + 1
        half = y[:, :2]
        half[:, 1].mul_(5)
        return y, half

    check(Apply(function))


def test_other_views_follow_a_write_to_the_base():
    def function(x):
        y = x + 1
        low, high = y.chunk(2, 1)
        y.mul_(2)
        low += 1
        return y, low, high

    check(Apply(function))


def test_an_addition_to_a_part_is_written_once():
    def function(x):
        y = x + 1
        y[..., :3] += 2
        return y

    graph = check(Apply(function))
    assert ops(graph) == ["add", "slice", "add", "slice_scatter"]


def test_a_bias_of_which_a_part_is_zeroed():
    """As the second version of Swin does with the bias of its keys."""

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(4, 12)

        def forward(self, x: Tensor) -> Tensor:
            bias = self.qkv.bias.clone()
            length = bias.numel() // 3
            bias[length : 2 * length].zero_()
            return F.linear(x.permute(0, 2, 3, 1), self.qkv.weight, bias)

    captured = capture(perturbed(Attention()), IMAGE)
    assert captured.report.canonicalised["writes through views made functional"] == 1
    check(perturbed(Attention()))


def test_an_input_that_is_written_to_is_a_value_like_any_other():
    def function(x):
        x[:, :2].mul_(2)
        return x * 3

    check(Apply(function))


def test_a_clone_is_left_alone():
    def function(x):
        y = x + 1
        z = y.clone()
        y[:, :1].zero_()
        return y, z

    check(Apply(function))


def test_a_base_that_is_gone_is_no_obstacle():
    def function(x):
        rows = (x + 1).permute(0, 2, 3, 1)
        left, right = rows[..., :2], rows[..., 1:]
        del rows
        left.mul_(2)
        return left, right

    check(Apply(function))


def test_a_buffer_is_not_written_through_a_view():
    class Writes(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("held", torch.ones(4, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            self.held[1:].copy_(x.mean((0, 2, 3))[1:, None, None])
            return x * self.held

    with pytest.raises(CaptureRefused, match=r"test_views\.py:\d+: writes a parameter or buffer in place"):
        capture(Writes(), IMAGE)


def test_what_was_made_functional_is_counted():
    counts = capture(modules.Residual(), IMAGE).report.canonicalised
    assert counts == {"in-place made functional": 3}
    counts = capture(
        Apply(lambda x: F.dropout(x.contiguous(), training=False).detach() + 1), IMAGE
    ).report.canonicalised
    assert counts == {"contiguous dropped": 1, "detach dropped": 1, "dropout dropped": 1}
