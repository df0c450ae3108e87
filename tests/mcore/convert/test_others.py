"""Runs for other inputs in a thread: those of a plain run, of a twin, and errors with their place."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import nn

from mcore.convert import ModelFailed
from mcore.convert.others import OtherRuns
from mcore.convert.running import Size, outputs_of, run, seeded_inputs
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, perturbed

SIZE = Size(2, 8, 12)


def test_outputs_are_those_of_a_run_for_another_input():
    model = perturbed(modules.Classifier())
    with OtherRuns(model, IMAGE, "key") as runs:
        runs.begin(SIZE)
        found = runs.outputs(SIZE)
        assert runs.outputs(SIZE) is found
        assert runs.outputs(Size(1, 9, 7))["out"].shape == (1, 5)
    wanted = outputs_of(run(model, IMAGE, seeded_inputs(IMAGE, SIZE, "key/other")))
    assert found.keys() == wanted.keys()
    np.testing.assert_array_equal(found["out"], wanted["out"])


class Remembering(nn.Module):
    """Keeps its last result, the thread it was made in, and whether gradients were."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 2, 3)
        self.register_buffer("scale", torch.ones(1))
        self.seen = []

    def forward(self, x):
        self.seen.append((threading.current_thread() is threading.main_thread(), torch.is_grad_enabled()))
        self.last = self.conv(x) * self.scale
        return self.last


def test_a_twin_runs_beside_the_model_and_shares_its_weights():
    model = Remembering().eval()
    with OtherRuns(model, IMAGE, "key") as runs:
        runs.outputs(SIZE)
        twin = runs._twin
    assert model.seen == []
    assert not hasattr(model, "last")
    assert twin.seen == [(False, False)]
    assert twin.conv.weight is model.conv.weight
    assert twin.scale is model.scale


def test_torch_has_as_many_threads_there_as_here():
    found = []
    with OtherRuns(Apply(lambda x: found.append(torch.get_num_threads()) or x), IMAGE, "key") as runs:
        runs.outputs(SIZE)
    assert found == [torch.get_num_threads()]


def test_an_error_of_the_model_has_its_place():
    def fails(x):
        raise ValueError("too odd")

    with (
        OtherRuns(nn.Sequential(Apply(fails)), IMAGE, "key") as runs,
        pytest.raises(ModelFailed, match=r"0 \(Apply\), .*test_others\.py:\d+.*ValueError: too odd"),
    ):
        runs.outputs(SIZE)


def test_no_thread_is_left():
    before = threading.active_count()
    with OtherRuns(perturbed(modules.Classifier()), IMAGE, "key") as runs:
        runs.begin(SIZE)
    assert threading.active_count() == before
