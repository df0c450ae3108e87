"""Products and distances, in all their spellings."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tests.mcore.convert.harness import Apply, check


def points(x):
    return x.flatten(2).mT  # (N, H * W, 4)


FUNCTIONS = [
    lambda x: torch.dot(x[0, 0, 0], x[0, 1, 0]),
    lambda x: torch.vdot(x[0, 0, 0], x[0, 1, 0]),
    lambda x: torch.inner(x[0, 0], x[0, 1]),
    lambda x: torch.inner(x, x.mean()),
    lambda x: torch.outer(x[0, 0, 0], x[0, 0, :, 0]),
    lambda x: torch.mv(x[0, 0], x[0, 1, 0]),
    lambda x: torch.addmv(x[0, 0, :, 0], x[0, 0], x[0, 1, 0], beta=0.5, alpha=2),
    lambda x: torch.addmv(x[0, 0, :, 0], x[0, 0], x[0, 1, 0], beta=0),
    lambda x: torch.addmv(
        (x[0, 0, :, 0] * 9).long(), (x[0, 0] * 9).long(), (x[0, 1, 0] * 9).long(), beta=0.6, alpha=1.6
    ),
    lambda x: torch.tensordot(x.mean((2, 3), keepdim=True), x, dims=([2, 3], [2, 3])),
    lambda x: torch.tensordot(x, x, dims=([2, 3], [2, 3])),
    lambda x: torch.tensordot(x[:, 0], x[0, 0].mT, dims=1),
    lambda x: torch.tensordot(x, x + 1, dims=([-1], [3])),
    lambda x: torch.baddbmm(x[:, 0], x[:, 1] @ x[:, 2].mT, x[:, 3], beta=0.5),
    lambda x: torch.cdist(points(x), points(x)[:, :5] + 1),
    lambda x: torch.cdist(points(x), points(x)[:, :5], p=1),
    lambda x: torch.cdist(points(x), points(x)[:, :5], float("inf")),
    lambda x: F.pairwise_distance(x, x + 1),
    lambda x: F.pairwise_distance(x, x.flip(1), p=1, keepdim=True),
    lambda x: F.cosine_similarity(x, x.flip(1)),
    lambda x: F.cosine_similarity(x, x[:, :1] + 0.5, dim=-1, eps=1e-3),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function(function):
    check(Apply(function), limit=2e-4)
