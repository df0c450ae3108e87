"""How far another input moves an output: what that other input is, and what is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mcore.convert import ReferenceInvalid
from mcore.convert.capture import capture_copy
from mcore.convert.others import OtherRuns
from mcore.convert.running import Size, evaluation_copy, seeded_inputs
from mcore.convert.samples import take_samples
from mcore.platform.bundle import Sample
from mcore.platform.figures import figures
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, perturbed, torch_outputs


@pytest.fixture
def runs(monkeypatch):
    """Sizes of the runs for another input."""
    sizes, begin = [], OtherRuns.begin

    def counted(self, size):
        sizes.append(size)
        begin(self, size)

    monkeypatch.setattr(OtherRuns, "begin", counted)
    return sizes


def taken(model: nn.Module, sampling: Sampling = IMAGE) -> tuple[Sample, ...]:
    model = evaluation_copy(model)
    return take_samples(model, sampling, capture_copy(model, sampling, golden_follow=True), "key").samples


def test_images_of_a_batch_and_of_a_trace_of_that_size_are_other_inputs(runs):
    samples = taken(perturbed(modules.Classifier()))
    assert set(runs) == {Size(1, 8, 8)}, "8x12 has a batch of two, and 9x7 was captured"
    assert all(0.05 < sample.sensitivity["out"] < 10 for sample in samples)


def test_each_image_is_compared_with_another_one():
    model = perturbed(modules.Classifier())
    sample = taken(model)[1]
    golden = torch_outputs(model, seeded_inputs(IMAGE, Size(2, 8, 12), "key"))["out"]
    assert sample.sensitivity["out"] == figures(golden[::-1], golden).max_rel_error


def test_another_input_is_run_where_nothing_else_tells():
    model = perturbed(modules.Classifier())
    sample = taken(model)[0]
    golden, other = (torch_outputs(model, seeded_inputs(IMAGE, Size(1, 8, 8), k))["out"] for k in ("key", "key/other"))
    assert sample.sensitivity["out"] == figures(other, golden).max_rel_error


TWO = Sampling((Input("x", (N, 4, H, W)), Input("y", (3, W))), ((8, 8), (8, 12), (9, 7)), minimum=5)


@pytest.mark.parametrize(
    ("function", "sampling"),
    [
        (lambda x, y: x @ y.T, TWO),  # an input of all images
        (lambda x: (x, x.sum(0)), IMAGE),  # an output of all images
        (lambda x: x.permute(1, 0, 2, 3) * 2, IMAGE),  # images that lie behind one another
    ],
)
def test_without_a_batch_that_tells_images_apart_another_input_is_run(function, sampling, runs):
    taken(Apply(function), sampling)
    assert {(size.height, size.width) for size in runs} == set(sampling.sizes)


def test_images_that_act_on_one_another_are_not_called_blind(runs):
    """All images give the mean of them: among one another they do not differ, with another batch they do."""
    samples = taken(Apply(lambda x: x.mean(0, keepdim=True).expand(x.shape[0], -1, -1, -1) + 0 * x))
    assert Size(2, 8, 12) in runs
    assert samples[1].sensitivity["out"] > 0.05


def test_integers_of_a_batch_are_compared():
    assert all(sample.sensitivity["out"] > 0 for sample in taken(Apply(lambda x: x.argmax(1))))


def test_what_is_blind_in_a_batch_too_is_refused():
    with pytest.raises(ReferenceInvalid, match=r"output 'out' at 8x12 changes by .* of its peak for another input"):
        taken(Apply(lambda x: torch.arange(4.0).reshape(4, 1, 1) + (1e-5 if x.shape[3] == 12 else 1.0) * x))
