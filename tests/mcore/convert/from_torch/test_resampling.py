"""Resizing, sampling, patches and padding, in all their spellings."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops


def _grid(x):
    return torch.stack([x[:, 0], x[:, 1]], -1).tanh()


SPELLINGS = [
    (["pad"], lambda x: F.pad(x, (1, 2))),
    (["pad"], lambda x: F.pad(x, (1, 0, 2, 3), value=0.5)),
    (["pad"], lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect")),
    (["pad"], lambda x: F.pad(x, (1, 1, 1, 1), "replicate")),
    (["pad"], lambda x: F.pad(x, (0, (4 - x.shape[3] % 4) % 4, 0, (4 - x.shape[2] % 4) % 4))),
    (["interpolate"], lambda x: F.interpolate(x, scale_factor=2)),
    (["interpolate"], lambda x: F.interpolate(x, size=(10, 6), mode="bilinear", align_corners=False)),
    (["interpolate"], lambda x: F.interpolate(x, scale_factor=1.5, mode="bilinear", align_corners=False)),
    (
        ["interpolate"],
        lambda x: F.interpolate(x, size=(x.shape[2] * 2, x.shape[3]), mode="bilinear", align_corners=True),
    ),
    (["interpolate"], lambda x: F.interpolate(x, size=(x.shape[2] // 2, 5), mode="bicubic")),
    (["interpolate"], lambda x: F.interpolate(x, size=(5, 5), mode="bilinear", antialias=True)),
    (["pad"], lambda x: F.pad(x, (-1, 2, 1, -1), mode="replicate")),
    (["select", "pad"], lambda x: F.pad(x[:, 0], (1, 2), mode="circular")),
    (["unsqueeze", "pad"], lambda x: F.pad(x.unsqueeze(2), (1, 1, 1, 1, 0, 0), mode="reflect")),
    (["interpolate"], lambda x: F.interpolate(x, scale_factor=1.5, mode="bilinear", recompute_scale_factor=True)),
    (["interpolate"], lambda x: F.interpolate(x, scale_factor=(2, 0.5), mode="nearest-exact")),
    (["interpolate"], lambda x: F.interpolate(x, 7)),
    (["flatten", "interpolate"], lambda x: F.interpolate(x.flatten(2), scale_factor=0.5, mode="linear")),
    (["flatten", "interpolate"], lambda x: F.interpolate(x.flatten(2), size=9)),
    (["unsqueeze", "interpolate"], lambda x: F.interpolate(x[:, :, None], (2, 9, 7), mode="trilinear")),
    (["unsqueeze", "interpolate"], lambda x: F.interpolate(x[:, :, None], scale_factor=2)),
    (["adaptive_avg_pool2d"], lambda x: F.interpolate(x, size=(3, 5), mode="area")),
    (["adaptive_avg_pool2d"], lambda x: F.interpolate(x, scale_factor=0.5, mode="area")),
    (["unfold"], lambda x: F.unfold(x, 3)),
    (["unfold"], lambda x: F.unfold(x, (2, 3), dilation=2, padding=1, stride=(1, 2))),
    (["unfold", "fold"], lambda x: F.fold(F.unfold(x, 3, padding=1), x.shape[2:], 3, padding=1)),
    (["unfold", "fold"], lambda x: F.fold(F.unfold(x, 2), output_size=x.shape[2:], kernel_size=2)),
    (["grid_sample"], lambda x: F.grid_sample(x, _grid(x), align_corners=False)),
    (["grid_sample"], lambda x: F.grid_sample(x, _grid(x), "nearest", "border", True)),
    (
        ["grid_sample"],
        lambda x: F.grid_sample(x, _grid(x), mode="bicubic", padding_mode="reflection", align_corners=False),
    ),
    (["affine_grid"], lambda x: F.affine_grid(x[:, :2, 0, :3], x.shape, align_corners=False)),
    (["affine_grid"], lambda x: F.affine_grid(x[:, :2, 0, :3], (x.shape[0], 1, 3, x.shape[3]), True)),
]


@pytest.mark.parametrize(("wanted", "function"), SPELLINGS)
def test_a_spelling_becomes_its_ops(wanted, function):
    found = ops(check(Apply(function), limit=1e-4))
    assert found[-len(wanted) :] == wanted or found[-1:] == wanted[-1:]


def test_upsample_keeps_the_factor_that_the_author_gave():
    graph = check(nn.Upsample(scale_factor=1.5, mode="bilinear"))
    assert graph.nodes[0].attributes["scale_factor"] == (1.5, 1.5)
    assert str(graph.types[graph.outputs["out"]].shape[2]) == "((H) // 2) + H"


def test_a_transformer_of_images_converts():
    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.locate = nn.Linear(4, 6)

        def forward(self, x):
            theta = self.locate(x.mean((2, 3))).view(-1, 2, 3)
            return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)

    assert ops(check(Transformer(), limit=1e-4))[-2:] == ["affine_grid", "grid_sample"]


def test_area_of_other_dimensions_says_so(monkeypatch):
    from mcore.convert.from_torch import MAPPINGS

    monkeypatch.delitem(MAPPINGS, F.adaptive_avg_pool3d, raising=False)
    with pytest.raises(CaptureRefused, match="by area of 3 dimensions has no op"):
        capture(Apply(lambda x: F.interpolate(x[:, :, None], (1, 4, 4), mode="area")), IMAGE)
