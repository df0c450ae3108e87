"""Copies, seeded inputs, plain runs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mcore.convert import ModelFailed
from mcore.convert.running import Size, evaluation_copy, generator, run, seeded_inputs
from mcore.platform.dtypes import DType
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE

KINDS = Sampling(
    (
        Input("x", (N, 3, H, W)),
        Input("raw", (N, H), DType.UINT8),
        Input("ids", (N, H), DType.INT64),
        Input("keep", (N, H), DType.BOOL),
    ),
    ((32, 40), (8, 8), (9, 7)),
    minimum=5,
)


def test_inputs_follow_from_the_seed_the_name_and_the_size():
    first = seeded_inputs(KINDS, Size(2, 32, 40), "key")
    again = seeded_inputs(KINDS, Size(2, 32, 40), "key")
    torch.manual_seed(3)  # the global generator has no part in it
    assert all(torch.equal(first[name], again[name]) for name in first)
    for size, seed in ((Size(2, 32, 40), "other"), (Size(2, 40, 32), "key")):
        assert not torch.equal(first["x"].flatten(), seeded_inputs(KINDS, size, seed)["x"].flatten())


def test_inputs_have_the_declared_types_and_legal_values():
    inputs = seeded_inputs(KINDS, Size(2, 32, 40), "key")
    assert {name: (str(t.dtype), tuple(t.shape)) for name, t in inputs.items()} == {
        "x": ("torch.float32", (2, 3, 32, 40)),
        "raw": ("torch.uint8", (2, 32)),
        "ids": ("torch.int64", (2, 32)),
        "keep": ("torch.bool", (2, 32)),
    }
    assert set(inputs["ids"].unique().tolist()) == {0, 1}
    assert inputs["raw"].max() > 200


def test_two_images_differ_after_a_global_mean():
    a, b = (seeded_inputs(KINDS, Size(2, 32, 40), seed)["x"].mean((2, 3)) for seed in "ab")
    assert (a - b).abs().mean() > 0.2
    assert (a[0] - a[1]).abs().mean() > 0.1


def test_a_generator_follows_from_its_seed_alone():
    assert torch.equal(torch.rand(3, generator=generator("a")), torch.rand(3, generator=generator("a")))
    assert not torch.equal(torch.rand(3, generator=generator("a")), torch.rand(3, generator=generator("b")))


def test_a_copy_is_apart_and_in_evaluation():
    model = modules.Residual().train()
    copied = evaluation_copy(model)
    assert not copied.training
    assert model.training
    assert copied.conv1.weight.data_ptr() != model.conv1.weight.data_ptr()


def test_what_nobody_will_read_is_not_copied_but_all_else_is():
    model = modules.Classifier()
    model.tied = model.fc.weight
    model.fc.weight.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    copied = evaluation_copy(model, [model.fc.weight])
    assert copied.tied is copied.fc.weight
    assert copied.fc.weight.shape == model.fc.weight.shape
    assert not copied.fc.weight.requires_grad
    copied.fc.weight.fill_(7.0)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
        assert name in ("fc.weight", "tied") or torch.equal(tensor, copied.state_dict()[name]), name


def test_a_run_leaves_its_inputs_alone():
    inputs = seeded_inputs(IMAGE, Size(1, 8, 8), "key")
    before = inputs["x"].clone()
    result = run(nn.ReLU(inplace=True), IMAGE, inputs)
    assert (result >= 0).all()
    assert torch.equal(inputs["x"], before)
    assert not result.requires_grad


def test_a_run_that_fails_names_the_place():
    model = nn.Sequential(nn.Conv2d(3, 4, 1))
    with pytest.raises(ModelFailed, match=r"^0 \(Conv2d\)"):
        run(model, IMAGE, seeded_inputs(IMAGE, Size(1, 8, 8), "key"))
