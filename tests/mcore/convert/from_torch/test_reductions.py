"""Reductions, in all their spellings."""

from __future__ import annotations

import pytest
import torch

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

SPELLINGS = [
    (["mean"], lambda x: x.mean()),
    (["mean"], lambda x: x.mean((2, 3))),
    (["mean"], lambda x: x.mean(dim=1, keepdim=True)),
    (["mean"], lambda x: torch.mean(x, [2, 3], keepdim=True)),
    (["mean"], lambda x: torch.mean(x, axis=1)),
    (["cast", "mean"], lambda x: x.mean(1, dtype=torch.float64)),
    (["sum"], lambda x: x.sum()),
    (["sum"], lambda x: torch.sum(x, -1)),
    (["gt", "sum"], lambda x: (x > 0).sum(1)),
    (["amax"], lambda x: x.amax((2, 3))),
    (["amax"], lambda x: torch.amax(x, 1, True)),
    (["amin"], lambda x: x.amin(-1)),
    (["amax"], lambda x: x.max()),
    (["amin"], lambda x: torch.min(x)),
    (["amax", "argmax"], lambda x: x.max(1)),
    (["amax"], lambda x: x.max(dim=1, keepdim=True)[0]),
    (["amax"], lambda x: torch.max(x, 2).values),
    (["amin", "argmin"], lambda x: x.min(1)),
    (["amin", "amax"], lambda x: torch.aminmax(x, dim=1)),
    (["gt", "amax", "cast", "argmax"], lambda x: (x > 0).max(1)),
    (["argmax"], lambda x: x.argmax(1)),
    (["argmax"], lambda x: torch.argmax(x, dim=1, keepdim=True)),
    (["argmin"], lambda x: x.argmin(1)),
    (["argmin"], lambda x: torch.argmin(x, dim=-1, keepdim=True)),
    (["prod"], lambda x: x.prod(1)),
    (["sigmoid", "add", "prod"], lambda x: torch.prod(x.sigmoid() + 0.5)),
    (["cast", "prod"], lambda x: x.prod(dim=1, keepdim=True, dtype=torch.float64)),
    (["gt", "any"], lambda x: (x > 1).any()),
    (["gt", "any"], lambda x: torch.any(x > 1, dim=1)),
    (["gt", "all"], lambda x: (x > -1).all((2, 3), keepdim=True)),
    (["logsumexp"], lambda x: x.logsumexp(1)),
    (["logsumexp"], lambda x: torch.logsumexp(x, (2, 3), keepdim=True)),
    (["relu", "cast", "sum"], lambda x: torch.count_nonzero(x.relu(), dim=1)),
    (["median"], lambda x: x.median(dim=1)),
    (["median"], lambda x: torch.median(x, 2, keepdim=True)[0]),
    (["reshape", "median"], lambda x: x.median()),
    (["cumprod"], lambda x: x.cumprod(1)),
    (["cast", "cumsum"], lambda x: x.cumsum(1, dtype=torch.float64)),
    (["cummax"], lambda x: torch.cummax(x, dim=2)),
    (["cummin"], lambda x: x.cummin(-1)),
    (["mul", "cast", "amin", "argmin"], lambda x: (x * 9).long().min(1)),
    (["gt", "amin", "cast", "argmin"], lambda x: (x > 0).min(1, keepdim=True)),
    (["var"], lambda x: x.var()),
    (["var"], lambda x: x.var(1)),
    (["var"], lambda x: torch.var(x, 1, False)),
    (["var"], lambda x: x.var(1, unbiased=False, keepdim=True)),
    (["var"], lambda x: torch.var(x, dim=(2, 3), correction=0)),
    (["var"], lambda x: x.var(False)),
    (["var", "sqrt"], lambda x: x.std(1)),
    (["mean", "var"], lambda x: torch.var_mean(x, 1, keepdim=True)),
    (["mean", "var"], lambda x: torch.var_mean(x, False)),
    (["mean", "var"], lambda x: torch.var_mean(x, (2, 3), False, True)),
    (["mean", "sqrt", "var"], lambda x: torch.std_mean(x, dim=1, correction=0)),
    (["cumsum"], lambda x: x.cumsum(1)),
    (["cumsum"], lambda x: torch.cumsum(x, dim=-1)),
]


@pytest.mark.parametrize(("wanted", "function"), SPELLINGS)
def test_a_spelling_becomes_its_ops(wanted, function):
    assert sorted(ops(check(Apply(function)))) == sorted(wanted)


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("no op of the Platform for torch.Tensor.nanmean", lambda x: x.nanmean(1)),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, function):
    with pytest.raises(CaptureRefused, match=match):
        capture(Apply(function), IMAGE)
