"""Tensors made from sizes, and constants."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

FROM_SIZES = [
    (["full", "add"], lambda x: x + torch.zeros(x.shape)),
    (["full", "add"], lambda x: x + torch.ones(x.shape[2], 1, dtype=torch.float32, device=x.device)),
    (["full", "add"], lambda x: x + torch.ones(size=(x.shape[2], 1))),
    (["full", "add"], lambda x: x + torch.full((1, 1, x.shape[2], 1), 2.0)),
    (["full", "add"], lambda x: x + torch.zeros_like(x)),
    (["full", "add"], lambda x: x + torch.ones_like(x, dtype=torch.float64)),
    (["full", "add"], lambda x: x + torch.full_like(x, 3)),
    (["full", "add"], lambda x: x + x.new_zeros(x.shape[3])),
    (["full", "add"], lambda x: x + x.new_ones((x.shape[2], 1))),
    (["full", "add"], lambda x: x + x.new_full((1,), x.shape[2])),
    (["full"], lambda x: torch.full((x.shape[0], 2), x.shape[2])),
    (["full", "add"], lambda x: torch.empty(x.shape).fill_(1.0) + x),
    (["full", "add"], lambda x: torch.empty_like(x).zero_() + x),
    (["full", "add"], lambda x: x.new_empty((x.shape[2], 1)).fill_(2) + x),
    (["arange", "arange", "unsqueeze", "eq", "cast"], lambda x: torch.eye(x.shape[2])),
    (["arange", "unsqueeze", "eq", "cast"], lambda x: torch.eye(x.shape[2], 3, dtype=torch.int64)),
    (["arange", "mul", "div", "add"], lambda x: torch.linspace(0, x.shape[2] - 1, x.shape[3])),
    (["mul", "div", "add"], lambda x: torch.linspace(0, x.shape[2], 4)),
    (["arange"], lambda x: torch.arange(x.shape[2])),
    (["arange"], lambda x: torch.arange(1, x.shape[2], 2)),
    (["arange"], lambda x: torch.arange(-2.0, x.shape[2])),
    (["arange", "add"], lambda x: torch.arange(0.5, x.shape[2])),
    (["arange", "add"], lambda x: torch.arange(-1.75, x.shape[3] // 2, dtype=torch.float64)),
    (["arange"], lambda x: torch.arange(end=x.shape[3], dtype=torch.float32)),
    (["arange", "mul", "div", "add"], lambda x: torch.linspace(-1, 1, x.shape[3])),
    (["arange", "arange", "reshape", "expand", "reshape", "expand"], lambda x: _mesh(x, "ij")),
    (["arange", "arange", "reshape", "expand", "reshape", "expand"], lambda x: _mesh(x, "xy")),
    (["mean", "arange", "reshape", "expand", "reshape", "expand"], lambda x: _with_a_number(x)),
    (["full", "full", "stack"], lambda x: torch.tensor([x.shape[2], x.shape[3]])),
    (["full", "stack"], lambda x: torch.tensor([x.shape[2], 0.5])),
    (["full"], lambda x: torch.tensor(x.shape[2], dtype=torch.float32)),
    (["expand", "cat"], lambda x: torch.cat([x, torch.full_like(x, math.nan)], 1)),
    (["full", "add"], lambda x: (x + 0).zero_() + x),
    (["full", "add"], lambda x: torch.zero_(x + 0) + x),
    (["full", "add"], lambda x: torch.fill(x, 3.0) + x),
    (["full", "add"], lambda x: (x + 0).fill_(2.5) + x),
]


def _with_a_number(x: Tensor) -> tuple[Tensor, ...]:
    return torch.meshgrid(x.mean(), torch.arange(x.shape[2], dtype=torch.float32), indexing="xy")


def _mesh(x: Tensor, indexing: str) -> tuple[Tensor, ...]:
    return torch.meshgrid(torch.arange(x.shape[2]), torch.arange(x.shape[3]), indexing=indexing)


@pytest.mark.parametrize(("wanted", "function"), FROM_SIZES)
def test_made_from_sizes(wanted, function):
    assert sorted(ops(check(Apply(function)))) == sorted(wanted)


CONSTANTS = [
    lambda x: x + torch.arange(4.0).reshape(4, 1, 1),
    lambda x: x * torch.tensor([1.0, -2.0, 0.5, 3.0]).view(-1, 1, 1),
    lambda x: x + torch.linspace(0, 1, 4)[:, None, None].exp().mul_(2),
    lambda x: x + torch.stack(torch.meshgrid(torch.arange(2.0), torch.arange(2.0), indexing="ij")).sum(),
    lambda x: x + torch.eye(4).sum(0).view(4, 1, 1),
]


@pytest.mark.parametrize("function", CONSTANTS)
def test_what_depends_on_no_size_is_one_constant(function):
    graph = check(Apply(function))
    assert len(graph.nodes) == 1
    assert list(graph.metadata["constants"]) == list(graph.weights) == ["constant"]


def test_a_constant_changed_between_two_uses_is_two():
    def function(x: Tensor) -> Tensor:
        offset = torch.ones(1)
        first = x + offset
        offset[0] = 2
        return first * offset

    assert check(Apply(function)).metadata["constants"] == ["constant", "constant_1"]


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("draws random numbers", lambda x: x + torch.randn(4, 1, 1)),
        (r"draws random numbers \(torch.rand\)", lambda x: x + torch.rand(x.shape)),
        (r"draws random numbers \(torch.rand_like\)", lambda x: x + torch.rand_like(x)),
        (
            "fills a tensor with a value that depends on data",
            lambda x: torch.full_like(x, 1.0) + (x + 0).fill_(x.mean()),
        ),
        ("linspace between tensors", lambda x: torch.linspace(x.min(), x.max(), 4)),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, function):
    with pytest.raises(CaptureRefused, match=match):
        capture(Apply(function), IMAGE)


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("'out', which the converter does not know", lambda x: x.mean() + torch.zeros(x.shape[2], out=torch.empty(0))),
    ],
)
def test_what_has_no_op_for_symbolic_sizes_has_a_graph_for_each_size(match, function):
    assert match in capture(Apply(function), IMAGE).report.fallback
