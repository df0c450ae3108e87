"""Norms of any order, of vectors and of matrices, which torch tells apart by how many dimensions are named."""

from __future__ import annotations

import math

import pytest
import torch

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

SPELLINGS = [
    (["pow", "sum", "sqrt"], lambda x: x.norm()),
    (["pow", "sum", "sqrt"], lambda x: x.norm(dim=1)),
    (["pow", "sum", "sqrt"], lambda x: torch.norm(x, p=2, dim=1, keepdim=True)),
    (["pow", "sum", "sqrt"], lambda x: torch.norm(x, "fro", (1, 2))),
    (["abs", "sum"], lambda x: x.norm(p=1, dim=1)),
    (["abs", "pow", "sum", "pow"], lambda x: x.norm(p=3, dim=(1, 2))),
    (["abs", "amax"], lambda x: x.norm(math.inf, 1)),
    (["abs", "amin"], lambda x: torch.norm(x, -math.inf, (2, 3))),
    (["relu", "ne", "sum", "cast"], lambda x: torch.norm(x.relu(), 0, 1)),
    (["pow", "sum", "sqrt"], lambda x: torch.linalg.vector_norm(x, dim=1)),
    (["abs", "pow", "sum", "pow"], lambda x: torch.linalg.vector_norm(x, -2.5, dim=(-1, 1), keepdim=True)),
    (["cast", "pow", "sum", "sqrt"], lambda x: torch.linalg.vector_norm(x, dtype=torch.float64)),
    (["pow", "sum", "sqrt"], lambda x: torch.linalg.norm(x)),
    (["pow", "sum", "sqrt"], lambda x: torch.linalg.norm(x, dim=(1, 2))),
    (["abs", "sum"], lambda x: torch.linalg.norm(x, 1, dim=1)),
    (["abs", "sum", "amax", "squeeze"], lambda x: torch.linalg.norm(x, 1, dim=(1, 3))),
    (["abs", "sum", "amin", "squeeze"], lambda x: torch.linalg.norm(x, -1, dim=(3, -2))),
    (["abs", "sum", "amax"], lambda x: torch.linalg.norm(x, math.inf, (2, 3), keepdim=True)),
    (["select", "select", "abs", "sum", "amin", "squeeze"], lambda x: torch.linalg.norm(x[0, 0], -math.inf)),
    (["pow", "sum", "sqrt"], lambda x: torch.linalg.matrix_norm(x)),
    (["abs", "sum", "amax", "squeeze"], lambda x: torch.linalg.matrix_norm(x, ord=1)),
]


@pytest.mark.parametrize(("wanted", "function"), SPELLINGS)
def test_a_spelling_becomes_its_ops(wanted, function):
    assert sorted(ops(check(Apply(function)))) == sorted(wanted)


@pytest.mark.parametrize(
    "function", [lambda x: x.norm(), lambda x: torch.linalg.norm(x, 1, (2, 3)), lambda x: x.norm(3)]
)
def test_the_squares_of_half_precision_are_taken_in_single(function):
    graph = check(Apply(lambda x: function(x.half() * 100).float()), limit=1e-3)
    assert ops(graph).count("cast") == 4


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("matrix norm of order 2 needs singular values", lambda x: torch.linalg.norm(x, 2, (2, 3))),
        ("matrix norm of order 'nuc' needs singular values", lambda x: torch.linalg.matrix_norm(x, "nuc")),
        ("norm of order 'nuc' has no op", lambda x: torch.norm(x[0, 0], "nuc")),
    ],
)
def test_what_needs_singular_values_is_refused(match, function):
    with pytest.raises(CaptureRefused, match=match):
        capture(Apply(function), IMAGE)
