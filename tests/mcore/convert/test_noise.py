"""Whose fault a wrong replay is: a chaotic network's reference proves nothing, a steady one's convicts the conversion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcore.convert import ReferenceInvalid, VerificationFailed, capture, toplatform
from mcore.convert.noise import measure
from mcore.convert.running import evaluation_copy
from mcore.convert.samples import take_samples
from mcore.convert.verify import NOISE_FACTOR, verify
from mcore.platform.ops import registry
from tests.mcore.convert.harness import IMAGE


class Logistic(nn.Module):
    """A convolution, then ``steps`` of the logistic map, each of which doubles an error (R. May, Nature 261, 1976)."""

    def __init__(self, steps: int, *, integers: bool = False, single: bool = False) -> None:
        super().__init__()
        self.steps, self.integers, self.single = steps, integers, single
        self.conv = nn.Conv2d(4, 8, 3, padding=1)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.sigmoid(self.conv(x))
        for _ in range(self.steps):
            x = 3.99 * x * (1 - x)
        if self.single:
            x = torch.matmul(x, torch.ones(x.shape[-1], 5, dtype=torch.float32))
        return x.argmax(1) if self.integers else x


def converted(model: nn.Module):
    model = evaluation_copy(model)
    captured = capture(model, IMAGE)
    taken = take_samples(model, IMAGE, captured, "key")
    return taken.graph, captured.weights, taken.samples, model


@pytest.mark.parametrize("options", [{}, {"integers": True}, {"single": True}])
def test_a_chaotic_network_is_no_reference(options, tmp_path):
    with pytest.raises(ReferenceInvalid) as failed:
        toplatform(Logistic(26, **options), tmp_path / "net", sampling=IMAGE)
    text = str(failed.value)
    assert text.startswith("output 'out' of sample 8x8 ")
    assert "but rounding alone " in text
    assert "the network is chaotic with these weights" in text
    assert "\n" not in text
    assert not (tmp_path / "net").exists()


def test_the_same_network_with_few_steps_is_steady(tmp_path):
    toplatform(Logistic(4), tmp_path / "net", sampling=IMAGE)


def test_noise_is_measured_by_output_and_grows_with_the_steps():
    found = []
    for steps in (0, 8, 26):
        _, _, samples, model = converted(Logistic(steps))
        found.append(measure(model, IMAGE)(samples[0])["out"])
    steady, growing, chaotic = found
    assert steady.max_rel_error < 1e-6 < growing.max_rel_error < 1e-3 < chaotic.max_rel_error
    assert steady.sqnr_db > 130 > growing.sqnr_db > 75 > chaotic.sqnr_db
    _, _, samples, model = converted(Logistic(26, integers=True))
    assert measure(model, IMAGE)(samples[0])["out"].differing > 0.05


def test_the_model_is_not_changed_by_the_measurement():
    _, _, samples, model = converted(Logistic(2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = (measure(model, IMAGE)(samples[0]) for _ in range(2))
    assert first == second
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("steps", [0, 4])
def test_a_wrong_conversion_of_a_steady_network_is_still_blamed(steps):
    graph, weights, samples, model = converted(Logistic(steps))
    wrong = {**weights, "conv.weight": np.ascontiguousarray(weights["conv.weight"][:, :, ::-1])}
    with pytest.raises(VerificationFailed, match=r"the first value that leaves torch's is 'conv\.conv2d'"):
        verify(graph, wrong, samples, measure=measure(model, IMAGE))


def test_an_error_far_beyond_the_noise_is_blamed_in_a_noisy_network_too():
    graph, weights, samples, model = converted(Logistic(16))
    noise = measure(model, IMAGE)(samples[0])["out"]
    assert 1e-4 < noise.max_rel_error < 1 / NOISE_FACTOR

    def negated(*arrays, **attributes):
        return -registry.get("conv2d").compute(arrays, attributes)[0] * 3

    def wrong(*arrays, **attributes):
        return registry.get("mul").compute(arrays, attributes)[0] * np.float32(1.5)

    for kernels in ({"conv2d": negated}, {"mul": wrong}):
        with pytest.raises((VerificationFailed, ReferenceInvalid)) as failed:
            verify(graph, weights, samples, kernels=kernels, measure=measure(model, IMAGE))
        assert isinstance(failed.value, VerificationFailed)


def test_what_is_not_finite_or_of_another_type_is_never_the_references_fault():
    graph, weights, samples, model = converted(Logistic(26))

    def breaks(*arrays, **attributes):
        return registry.get("sigmoid").compute(arrays, attributes)[0] * np.float32(np.nan)

    with pytest.raises(VerificationFailed, match="not finite on the Platform"):
        verify(graph, weights, samples, kernels={"sigmoid": breaks}, measure=measure(model, IMAGE))
