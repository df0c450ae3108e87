"""Functions of torch that are a few ops together."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, perturbed

FUNCTIONS = [
    lambda x: torch.addmm(x.flatten(1), x.flatten(1), x.flatten(1).T @ x.flatten(1), beta=0.5, alpha=2.0),
    lambda x: torch.baddbmm(x[:, 0], x[:, 1] @ x[:, 2].mT, x[:, 3], beta=0),
    lambda x: torch.baddbmm(*[(x[:, 0] @ x[:, 1].mT).long()] * 3, beta=0.6, alpha=1.6),
    lambda x: torch.addcmul(x, x, x + 1, value=0.3),
    lambda x: torch.addcdiv(x, x, x.abs() + 1, value=0.3),
    lambda x: torch.lerp(x, x.relu(), 0.25),
    lambda x: torch.lerp(x, x.relu(), x.sigmoid()),
    lambda x: F.glu(x, dim=1),
    lambda x: F.logsigmoid(x),
    lambda x: F.softsign(x),
    lambda x: F.tanhshrink(x),
    lambda x: F.cosine_similarity(x, x.roll(1, 1)),
    lambda x: F.cosine_similarity(x, x[:, :1], dim=1),
    lambda x: F.cosine_similarity(x, x[:1, 0, 0], dim=-1, eps=0.5),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function(function):
    check(Apply(function))


@pytest.mark.parametrize("bias", [True, False])
def test_a_bilinear_layer(bias):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.form = nn.Bilinear(4, 3, 5, bias=bias)

        def forward(self, x):
            rows = x.permute(0, 2, 3, 1)
            return self.form(rows, rows[..., 1:])

    check(perturbed(Net()))


def test_repeats_that_depend_on_data_are_refused():
    with pytest.raises(CaptureRefused, match="depends on data"):
        capture(Apply(lambda x: x[0, 0, 0].repeat_interleave(x[0, 0, 0].abs().long())), IMAGE)
