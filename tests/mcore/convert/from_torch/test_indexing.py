"""``x[...]``, ``x[...] = value``, gather, sorting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from mcore.platform.dtypes import DType
from mcore.sampling import H, Input, N, Sampling
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

READS = [
    (["select"], lambda x: x[0]),
    (["select"], lambda x: x[:, -1]),
    (["slice"], lambda x: x[:, 1:3]),
    (["slice"], lambda x: x[..., ::2]),
    (["slice", "slice"], lambda x: x[:, :, 1::2, :-1]),
    (["slice"], lambda x: x[:, :, : x.shape[2] // 2]),
    (["slice"], lambda x: x[..., x.shape[3] - 3 :]),
    (["unsqueeze"], lambda x: x[:, None]),
    (["unsqueeze", "select", "unsqueeze"], lambda x: x[None, :, 0, ..., None]),
    (["select", "select"], lambda x: x[:, 1, :, 0]),
    (["select"], lambda x: x.select(1, 2)),
    (["select"], lambda x: torch.select(x, -1, 0)),
    (["slice"], lambda x: x.narrow(1, 1, 2)),
    (["slice"], lambda x: x.narrow(1, -2, 2)),
    (["slice"], lambda x: torch.narrow(x, 3, -2, 2)),
    (["slice"], lambda x: x.narrow(2, x.shape[2] // 2, x.shape[2] - x.shape[2] // 2)),
    (["index"], lambda x: x[:, torch.tensor([2, 0, 2])]),
    (["index"], lambda x: x[:, [2, 0, -1]]),
    (["index"], lambda x: x[:, torch.tensor([1, 0]), torch.tensor([0, -1])]),
    (["index"], lambda x: x[:, torch.tensor([[1], [0]]), :, torch.tensor([0, -1])]),
    (["unsqueeze", "slice", "index"], lambda x: x[:, None, torch.tensor([1, 0]), 1:, torch.tensor([0, -1])]),
    (["select", "index"], lambda x: x[:, torch.tensor([1, 0]), 0]),
    (["index"], lambda x: x[:, torch.tensor(1)]),
    (["argmax", "index"], lambda x: x[:, x[0, :, 0, 0].argmax()]),
    (["topk", "index"], lambda x: x[:, x[0, :, 0, 0].topk(2).indices]),
    (
        ["arange", "unsqueeze", "argsort", "index"],
        lambda x: x[torch.arange(x.shape[0])[:, None], x.mean((2, 3)).argsort(1)],
    ),
    (["index_select"], lambda x: x.index_select(1, torch.tensor([3, 1]))),
    (["index"], lambda x: x[:, torch.tensor([[0, 1], [2, 3]])]),
    (["topk"], lambda x: x.flatten(1).topk(3, dim=1)),
    (["topk"], lambda x: torch.topk(x, 2, dim=1, largest=False)[0]),
    (["sort"], lambda x: torch.sort(x, dim=1, descending=True)),
    (["argsort"], lambda x: x.argsort(dim=1)),
    (["argsort"], lambda x: torch.argsort(x, dim=1, descending=True, stable=True)),
    (["sort"], lambda x: torch.sort(x, stable=True, dim=1)),
    (["argsort", "gather"], lambda x: torch.gather(x, 1, x.argsort(dim=1))),
]


@pytest.mark.parametrize(("wanted", "function"), READS)
def test_a_read(wanted, function):
    found = [op for op in ops(check(Apply(function))) if op != "flatten"]
    assert found == wanted or (found[-1] == wanted[-1] == "index" and set(wanted) <= set(found))


def _tensors(index):
    """The index with tensors, made where the tracer sees it, for arrays."""
    if isinstance(index, tuple):
        return tuple(_tensors(item) for item in index)
    return torch.tensor(index.tolist()) if isinstance(index, np.ndarray) else index


def _written(index, value):
    def function(x: Tensor) -> Tensor:
        y = x + 1
        y[_tensors(index)] = value(x) if callable(value) else value
        return y * 2

    return function


def _write(target: Tensor, index, value) -> Tensor:
    target[index] = value
    return target


WRITES = [
    (slice(None), 1.5),
    ((slice(None), 0), 1.5),
    ((slice(None), -1), -1),
    ((slice(None), slice(1, 3)), 0.0),
    ((..., 0), 2.0),
    ((slice(None), slice(None), slice(0, 3), slice(1, None)), 3.0),
    (0, lambda x: x[0] * 2),
    ((slice(None), 1), lambda x: x[:, 0]),
    ((slice(None), slice(0, 2)), lambda x: x[:, 2:]),
    ((slice(None), slice(0, 2)), lambda x: x[:, 3:]),
    ((..., slice(2, 5)), lambda x: x[..., :3] + 1),
    ((slice(None), 2, slice(1, 4)), lambda x: x[:, 0, 1:4]),
    ((slice(None), slice(None), 2, slice(None)), lambda x: x[:, :, 0]),
    ((slice(None), slice(None), 2), lambda x: x[0, 0, 0]),
    ((slice(None), slice(None, None, 2)), 0.0),
    ((slice(None), slice(1, None, 2), slice(0, 4)), lambda x: x[:, :2, 1:5]),
    ((..., slice(None, None, 3), 1), lambda x: x[..., ::3, 0]),
    ((slice(None), np.array([0, 2])), 0.0),
    ((slice(None), [0, 2]), lambda x: x[:, :2] * 2),
    ((slice(None), np.array([0, 2]), np.array([1, -1])), lambda x: x[:, :2, 0]),
    ((0, np.array([0, 2]), slice(1, 3)), lambda x: x[0, :2, :2]),
    ((slice(None), np.array([0, 2]), slice(None), 1), lambda x: x[:, :1, :, 0]),
    ((slice(None), np.array([0, 2]), slice(None, None, 2)), 7),
    ((slice(None), np.array([[0], [2]]), slice(None), np.array([1, 0])), lambda x: x[0, 0, :, 0]),
]


@pytest.mark.parametrize(("index", "value"), WRITES)
def test_a_write_leaves_the_rest_as_it_was(index, value):
    check(Apply(_written(index, value)))


def test_a_write_under_a_mask_is_a_masked_fill():
    def function(x: Tensor) -> Tensor:
        y = x + 0
        y[x > 0.5] = -1
        return y

    assert ops(check(Apply(function))) == ["add", "gt", "masked_fill"]


def test_a_write_of_one_element_under_a_mask_is_a_choice():
    def function(x: Tensor) -> Tensor:
        y = x + 0
        y[x > 0.5] = x.mean()
        return y

    assert ops(check(Apply(function))) == ["add", "mean", "gt", "where"]


def test_a_write_into_a_constant_makes_a_value_of_it():
    def function(x: Tensor) -> Tensor:
        canvas = torch.zeros(1, 2, 1, 1)
        canvas[:, 0] = x.mean()
        return x[:, :2] + canvas

    graph = check(Apply(function))
    assert graph.metadata["constants"] == ["constant"]


def test_a_write_past_a_size_keeps_its_expression():
    def function(x: Tensor) -> Tensor:
        y = x.clone()
        y[:, :, x.shape[2] // 2 :] = 0
        return y + x

    check(Apply(function))


def test_a_copy_takes_the_shape_and_type_of_its_target():
    def function(x: Tensor) -> Tensor:
        return torch.empty_like(x, dtype=torch.float64).copy_(x[:, :1])

    assert ops(check(Apply(function))) == ["slice", "cast", "expand"]
    assert ops(check(Apply(lambda x: (x + 1).double().copy_(x[:, :1])))) == ["slice", "cast", "expand"]


def test_an_embedding_of_indices():
    tokens = Sampling((Input("ids", (N, H), DType.INT64),), ((5, 5), (5, 7), (9, 3)), minimum=3)
    module = Apply(lambda ids, w: F.embedding(ids, w), w=torch.randn(6, 3))
    assert ops(check(module, tokens)) == ["embedding"]


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("by a mask", lambda x: x[x > 0]),
        ("narrows from a position that depends on data", lambda x: x.narrow(1, x[0, 0, 0, 0].long(), 2)),
        ("several values under a mask", lambda x: _write(x + 0, x > 0, x[x.shape[0] - 1, 0, 0, :1])),
        ("by a list of other things", lambda x: x[:, [True, False, True, True]]),
        ("a tensor without dimensions", lambda x: _write(x + 0, (slice(None), x[0, :, 0, 0].argmax()), 0.0)),
        ("the result of nonzero depends on data", lambda x: x.nonzero()),
        ("more dimensions than the place", _written((slice(None), 0), lambda x: x[None, :, 0])),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, function):
    with pytest.raises(CaptureRefused, match=match):
        capture(Apply(function), IMAGE)


def test_a_list_with_a_size_in_it_has_a_graph_for_each_size():
    report = capture(Apply(lambda x: x[:, [x.shape[2] - x.shape[3], 0]]), IMAGE).report
    assert "indexes by a list of other things than whole numbers" in report.fallback
