"""Values written to positions, diagonals, triangles, one-hot rows, and boxes that are kept."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import mcore.torch_backend.functional as backend
from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops


def rows():
    return torch.tensor([2, 0])


def order(x):
    """Indices along the channels of which no two are the same."""
    return x.argsort(1)


def boxes(x):
    corners = x[0].flatten(1).T[:, :4].abs() * 4  # (H * W, 4)
    return torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:]], 1), x[0, 0].flatten()


SPELLINGS = [
    ("scatter", lambda x: x.scatter(1, order(x), x + 1)),
    ("scatter", lambda x: torch.scatter(x, 1, order(x)[:, :2], 0.5)),
    ("scatter", lambda x: torch.zeros_like(x).scatter_(1, x.topk(2, dim=1).indices, 1.0)),
    ("scatter", lambda x: x.scatter(1, order(x)[:, :1], value=2)),
    ("scatter", lambda x: torch.zeros_like(x).scatter_(dim=1, index=order(x), src=x)),
    ("scatter_add", lambda x: x.scatter_add(1, order(x) // 2, x + 1)),
    ("scatter_add", lambda x: torch.zeros_like(x).scatter_add_(1, order(x) % 3, x)),
    ("scatter_reduce", lambda x: x.scatter_reduce(1, order(x) // 2, x + 1, "mean")),
    ("scatter_reduce", lambda x: torch.scatter_reduce(x, 1, order(x) // 2, x + 1, reduce="amax", include_self=False)),
    ("index_put", lambda x: x.index_put((torch.tensor([0]), torch.tensor([1])), torch.tensor(3.0))),
    ("index_put", lambda x: (x + 0).index_put_((torch.tensor([0, 0]),), x[:1] + 1, accumulate=True)),
    ("index_put", lambda x: x.index_add(1, torch.tensor([2, 0, 2]), x[:, :3])),
    ("index_put", lambda x: torch.index_add(x, 1, rows(), x[:, :2], alpha=0.5)),
    ("index_put", lambda x: x.index_copy(1, rows(), x[:, 2:])),
    ("index_put", lambda x: x.index_copy(-3, rows(), x[:, 2:])),
    ("index_put", lambda x: x.index_fill(1, rows(), 0.5)),
    ("index_put", lambda x: x.index_fill(1, torch.tensor(2), x.mean())),
    ("slice_scatter", lambda x: torch.slice_scatter(x, x[:, :2] * 2, dim=1, start=1, end=3)),
    ("slice_scatter", lambda x: x.slice_scatter(x[:, :2] * 2, 1, 0, None, 2)),
    ("slice_scatter", lambda x: torch.select_scatter(x, x[:, 0] * 2, 1, 2)),
    ("slice_scatter", lambda x: x.select_scatter(x[:, 0] * 2, -3, -1)),
    ("gather", lambda x: torch.take_along_dim(x, order(x), 1)),
    ("gather", lambda x: torch.take_along_dim(x, order(x) - x.shape[1], 1)),
    ("gather", lambda x: torch.take_along_dim(x, order(x[:, :, :1]), dim=1)),
    ("gather", lambda x: x.take_along_dim(x.flatten().argsort())),
    ("index", lambda x: x.take(torch.tensor([[0, 5], [-1, 2]]))),
    ("one_hot", lambda x: F.one_hot(x.argmax(1), 4)),
    ("one_hot", lambda x: F.one_hot(x.argmax(1), num_classes=7)),
    ("diagonal", lambda x: torch.diagonal(x, dim1=-2, dim2=-1)),
    ("diagonal", lambda x: x.diagonal(1, 2, 3)),
    ("diagonal", lambda x: torch.diag(x[0, 0], -1)),
    ("sum", lambda x: torch.trace(x[0, 0])),
    ("tril", lambda x: torch.tril(x)),
    ("tril", lambda x: x.tril(-1)),
    ("triu", lambda x: torch.triu(x, diagonal=1)),
    ("triu", lambda x: torch.ones(x.shape[2], x.shape[2]).triu_(1)),
    ("tensor_unfold", lambda x: x.unfold(2, 3, 2)),
    ("tensor_unfold", lambda x: x.unfold(dimension=-1, size=2, step=1)),
    ("nms", lambda x: backend.nms(*boxes(x), 0.3)),
    ("nms", lambda x: backend.nms(*boxes(x), iou_threshold=0.5, max_output=5)),
]


@pytest.mark.parametrize(("op", "function"), SPELLINGS)
def test_a_spelling_becomes_its_op(op, function):
    assert ops(check(Apply(function)))[-1] == op


@pytest.mark.parametrize("how", ["add", "multiply"])
@pytest.mark.filterwarnings("ignore:The reduce argument of torch.scatter")
def test_the_old_names_of_reductions(how):
    assert ops(check(Apply(lambda x: x.scatter(1, order(x) // 2, 2.0, reduce=how))))[-1] == "scatter_reduce"


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("one_hot without num_classes", lambda x: F.one_hot(x.argmax(1))),
        ("the result of masked_select depends on data", lambda x: x.masked_select(x > 0)),
        ("the result of masked_scatter depends on data", lambda x: x.masked_scatter(x > 0, x)),
        ("the result of unique depends on data", lambda x: torch.unique(x)),
        ("diag of a vector makes a matrix", lambda x: torch.diag(x[0, 0, 0])),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, function):
    with pytest.raises(CaptureRefused, match=match):
        capture(Apply(function), IMAGE)
