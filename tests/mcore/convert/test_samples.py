"""Golden outputs, digests, noise floor, sensitivity; and what makes a reference invalid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mcore.convert import ModelFailed, ReferenceInvalid, capture
from mcore.convert.running import Size, evaluation_copy, seeded_inputs
from mcore.convert.samples import Samples, take_samples
from mcore.convert.variants import SizesDisagree
from mcore.platform.bundle import digest
from mcore.platform.runtime import Program
from mcore.sampling import Sampling
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, perturbed, torch_outputs


def taken(model: nn.Module, sampling: Sampling = IMAGE) -> Samples:
    return take_samples(evaluation_copy(model), sampling, capture(model, sampling), "key")


@pytest.fixture(scope="module")
def classifier():
    return perturbed(modules.Classifier())


@pytest.fixture(scope="module")
def samples(classifier):
    return taken(classifier).samples


def test_there_is_a_sample_at_each_size_and_one_has_a_batch_of_two(samples):
    assert [sample.name for sample in samples] == ["8x8", "8x12", "9x7"]
    assert [sample.inputs["x"].shape for sample in samples] == [(1, 4, 8, 8), (2, 4, 8, 12), (1, 4, 9, 7)]


def test_golden_outputs_are_torch_s_in_float32(classifier, samples):
    for sample, size in zip(samples, (Size(1, 8, 8), Size(2, 8, 12), Size(1, 9, 7)), strict=True):
        inputs = seeded_inputs(IMAGE, size, "key")
        np.testing.assert_array_equal(sample.inputs["x"], inputs["x"].numpy())
        np.testing.assert_array_equal(sample.outputs["out"], torch_outputs(classifier, inputs)["out"])
        assert sample.outputs["out"].dtype == np.float32


def test_digests_are_those_of_every_value_even_if_it_was_written_over(classifier, samples):
    captured = capture(classifier, IMAGE)
    values = [name for node in captured.graph.nodes for name in node.outputs]
    sample = samples[1]
    assert sorted(sample.digests) == sorted(values)
    shapes = {"x": sample.inputs["x"].shape}
    found = Program(captured.graph.fetching(values), captured.weights, shapes, mode="reference").run(sample.inputs)
    for name in values:
        np.testing.assert_allclose(sample.digests[name], digest(found[name]), rtol=1e-4, atol=1e-5, err_msg=name)


def test_figures_say_what_the_reference_is_worth(samples):
    for sample in samples:
        assert 0.05 < sample.sensitivity["out"] < 10
    (measured,) = (sample for sample in samples if sample.noise_floor)
    assert measured.name == "9x7", "the cheapest"
    assert 1e-9 < measured.noise_floor["out"] < 1e-5


def test_a_model_that_names_float32_has_no_noise_floor_and_that_is_remarked():
    def function(x):
        return torch.matmul(x, torch.ones(1, 1, x.shape[3], 2, dtype=torch.float32))

    result = taken(Apply(function))
    assert all(not sample.noise_floor for sample in result.samples)
    assert "no noise floor at 9x7: the model does not run in float64" in result.remarks


def test_the_default_type_is_what_it_was():
    before = torch.get_default_dtype()
    with pytest.raises(ReferenceInvalid):
        taken(Apply(lambda x: x * 0 + 1))
    taken(modules.Positions())
    assert torch.get_default_dtype() is before


def test_what_is_made_from_numbers_is_wide_in_the_wide_run():
    result = taken(Apply(lambda x: x @ torch.ones(x.shape[3], 2)))
    assert not result.remarks
    assert [sample.noise_floor["out"] < 1e-5 for sample in result.samples if sample.noise_floor] == [True]


INVALID = [
    (lambda x: x * 0 + 3, "output 'out' at 8x8 is 3 everywhere"),
    (lambda x: x / (x.sum() * 0), "output 'out' at 8x8 is not finite in 256 of 256 elements: "),
    (
        lambda x: torch.arange(4.0).reshape(4, 1, 1) + 1e-5 * x,
        "output 'out' at 8x8 changes by .* of its peak for another input",
    ),
    (lambda x: {"good": x, "bad": torch.zeros_like(x)}, "output 'bad' at 8x8 is 0 everywhere"),
]


@pytest.mark.parametrize(("function", "what"), INVALID)
def test_a_reference_that_proves_nothing_is_refused(function, what):
    with pytest.raises(ReferenceInvalid, match=what):
        taken(Apply(function))


def test_a_little_sensitivity_is_remarked():
    result = taken(Apply(lambda x: x * 1e-3 + 1))
    assert any("changes by only" in remark for remark in result.remarks)


def test_one_number_is_not_called_constant():
    assert [s.outputs["out"].shape for s in taken(Apply(lambda x: x.mean())).samples] == [()] * 3


def test_an_integer_output_has_a_sensitivity_and_no_noise_floor():
    (first, *_) = taken(Apply(lambda x: x.argmax(1))).samples
    assert first.sensitivity["out"] > 0
    assert first.noise_floor == {}


def test_samples_have_the_digests_of_the_graph_of_their_size():
    sampling = Sampling.image(4, ((7, 7), (6, 8), (9, 11)), minimum=5)
    found = {sample.name: sorted(sample.digests) for sample in taken(modules.Branch(), sampling).samples}
    assert found == {"7x7": ["add"], "6x8": ["add"], "9x11": ["add", "mul"]}


def test_a_golden_run_that_is_not_what_was_captured_is_refused():
    model = evaluation_copy(modules.Residual())
    captured = capture(model, IMAGE)
    model.relu = nn.Tanh()
    with pytest.raises(SizesDisagree, match="computes relu at one size, relu tanh at the other"):
        take_samples(model, IMAGE, captured, "key")


def test_a_question_that_only_a_golden_run_answers_otherwise_is_dropped():
    captured = capture(modules.HarmlessBatchBranch(), IMAGE)
    samples = take_samples(evaluation_copy(modules.HarmlessBatchBranch()), IMAGE, captured, "key")
    assert samples.graph.guards == ()


def test_a_sample_size_at_which_the_model_fails_is_the_model_s_failure():
    sampling = Sampling.image(4, ((16, 16), (6, 8), (9, 11)), minimum=5)
    with pytest.raises(ModelFailed, match="the model's forward raised RuntimeError"):
        taken(Apply(lambda x: x + x[:, :, :12].new_ones(12, 1)[: x.shape[2]]), sampling)
