"""Reshapes, permutations, joins and cuts, resizing and padding."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

SPELLINGS = [
    (["reshape"], lambda x: x.view(x.size(0), -1)),
    (["reshape"], lambda x: x.view((x.shape[0], 2, 2, -1))),
    (["reshape"], lambda x: x.reshape(-1, 2, x.shape[2], x.shape[3])),
    (["reshape"], lambda x: torch.reshape(x, (x.shape[0], 4, x.shape[2] * x.shape[3]))),
    (["reshape"], lambda x: x.unflatten(1, (2, 2))),
    (["reshape"], lambda x: x.unflatten(1, (2, -1))),
    (["transpose", "reshape"], lambda x: x.transpose(2, 3).reshape_as(x)),
    (["flatten"], lambda x: x.flatten(2)),
    (["flatten"], lambda x: torch.flatten(x, 1)),
    (["flatten"], lambda x: x.flatten(start_dim=1, end_dim=2)),
    (["permute"], lambda x: x.permute(0, 2, 3, 1)),
    (["permute"], lambda x: x.permute((0, -2, -1, 1))),
    (["permute"], lambda x: torch.permute(x, dims=(3, 2, 1, 0))),
    (["permute"], lambda x: torch.movedim(x, 1, -1)),
    (["permute"], lambda x: x.movedim((1, 2), (0, 1))),
    (["transpose"], lambda x: x.transpose(1, 2)),
    (["transpose"], lambda x: torch.swapaxes(x, 0, -1)),
    (["transpose"], lambda x: x.mT),
    (["flatten", "transpose"], lambda x: x.flatten(1).t()),
    (["flatten", "permute"], lambda x: x.flatten(1).T),
    (["unsqueeze"], lambda x: x.unsqueeze(1)),
    (["unsqueeze", "squeeze"], lambda x: x.unsqueeze(-1).squeeze(-1)),
    (["unsqueeze", "squeeze"], lambda x: x.unsqueeze(2).squeeze((2,))),
    (["unsqueeze", "expand"], lambda x: x.unsqueeze(1).expand(-1, 3, -1, -1, -1)),
    (["slice", "expand"], lambda x: x[:, :1].expand_as(x)),
    (["slice", "expand"], lambda x: x[:, :1].expand(x.shape)),
    (["slice", "expand"], lambda x: torch.broadcast_to(x[:, :1], x.shape)),
    (["repeat"], lambda x: x.repeat(1, 2, 1, 3)),
    (["repeat"], lambda x: torch.tile(x, (2, 2))),
    (["repeat_interleave"], lambda x: x.repeat_interleave(2, dim=1)),
    (["repeat_interleave"], lambda x: torch.repeat_interleave(x, 3, dim=-1)),
    (["relu", "cat"], lambda x: torch.cat([x, F.relu(x)], dim=1)),
    (["relu", "cat"], lambda x: torch.concat((x, F.relu(x)), -1)),
    (["relu", "stack"], lambda x: torch.stack([x, F.relu(x)], 1)),
    (["split", "cat"], lambda x: torch.cat(x.split(2, 1)[::-1], 1)),
    (["split", "cat"], lambda x: torch.cat(torch.split(x, [1, 3], dim=1)[::-1], 1)),
    (["chunk", "add"], lambda x: _sum(x.chunk(2, dim=1))),
    (["unbind", "add", "add", "add"], lambda x: _sum(x.unbind(1))),
    (["permute", "unbind", "add", "add", "add"], lambda x: _sum(list(x.permute(1, 0, 2, 3)))),
    (["flip"], lambda x: x.flip(-1)),
    (["flip"], lambda x: torch.flip(x, (2, 3))),
    (["roll"], lambda x: torch.roll(x, (2, -1), (2, 3))),
    (["roll"], lambda x: x.roll(x.shape[2] // 2, 2)),
    (["roll"], lambda x: torch.roll(x, 3)),
    (["pixel_shuffle"], lambda x: F.pixel_shuffle(x, 2)),
    (["repeat", "pixel_unshuffle"], lambda x: F.pixel_unshuffle(x.repeat(1, 1, 2, 2), 2)),
    (["channel_shuffle"], lambda x: F.channel_shuffle(x, 2)),
    (["reshape"], lambda x: x.ravel()),
    (["mean", "reshape"], lambda x: torch.atleast_1d(x.mean(), x)[0]),
    (["flip"], lambda x: torch.fliplr(x)),
    (["flip"], lambda x: x.flipud()),
    (["transpose", "flip"], lambda x: torch.rot90(x, 1, (2, 3))),
    (["flip"], lambda x: x.rot90(2, [2, 3])),
    (["transpose", "flip"], lambda x: torch.rot90(x, -1, (2, 3))),
    (["relu", "cat"], lambda x: torch.vstack([x, F.relu(x)])),
    (["relu", "cat"], lambda x: torch.hstack([x, F.relu(x)])),
    (["slice"] * 3, lambda x: x.tensor_split(3, dim=1)),
    (["slice"] * 3, lambda x: torch.tensor_split(x, 3, dim=2)),
    (["slice"] * 3, lambda x: torch.tensor_split(x, (1, 3), dim=-1)),
]


def _sum(parts):
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@pytest.mark.parametrize(("wanted", "function"), SPELLINGS)
def test_a_spelling_becomes_its_ops(wanted, function):
    assert ops(check(Apply(function))) == wanted


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.contiguous() + 1,
        lambda x: x.clone() + 1,
        lambda x: x.detach() + 1,
        lambda x: x.data + 1,
        lambda x: +x + 1,
        lambda x: x.contiguous(memory_format=torch.channels_last) + 1,
        lambda x: x.cpu().requires_grad_(False) + 1,
        lambda x: torch.cat([x], dim=1) + 1,
        lambda x: x[:] + 1,
        lambda x: x[...] + 1,
    ],
)
def test_what_changes_no_value_leaves_no_node(function):
    assert ops(check(Apply(function))) == ["add"]


def test_squeeze_of_all_ones_names_them():
    graph = check(Apply(lambda x: F.adaptive_avg_pool2d(x, 1).squeeze()), unseen=())
    assert graph.nodes[-1].attributes["dim"] == (2, 3)


@pytest.mark.parametrize(
    ("match", "function"),
    [
        ("view in another element type", lambda x: x.view(torch.int32)),
    ],
)
def test_what_has_no_op_is_refused_by_name(match, function):
    with pytest.raises(CaptureRefused, match=match):
        capture(Apply(function), IMAGE)


def test_parts_whose_number_is_a_size_have_a_graph_for_each_size():
    captured = capture(Apply(lambda x: torch.stack(x.unbind(2))), IMAGE)
    assert "how many tensors there are to unbind depends on the size" in captured.report.fallback
    assert len(captured.graphs) == 3
