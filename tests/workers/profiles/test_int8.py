"""Int8 weights and activations, numerically."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.workers.bundles import branched
from workers.canary import canary_failure
from workers.drivers.numpy import NumpyDriver
from workers.judging.localise import first_divergent_layer
from workers.policy import Policy
from workers.profiles.int8 import LEVELS, peaks_of, quantised, weights_of

NETWORK = branched()
SAMPLE = NETWORK.samples[1]
INT8 = Policy("int8", 1, "int8", atol_rel=0.08, rtol=0.08, sqnr_db=20.0, cosine=0.99)
FLOATS = arrays(np.float32, st.integers(1, 20), elements=st.floats(-100, 100, width=32))


def run(fetch: list[str] | None = None) -> dict[str, np.ndarray]:
    return dict(NumpyDriver({"precision": "int8"}).load(NETWORK.bundle(), fetch=fetch).run(SAMPLE.inputs))


@given(FLOATS, st.floats(2.0**-10, 200))
def test_a_value_is_on_the_nearest_level_or_cut_off(value: np.ndarray, peak: float) -> None:
    kept, step = quantised(value, peak), peak / LEVELS
    within = np.abs(value) <= peak
    assert (np.abs(kept - value)[within] <= step * 0.5001 + 1e-5).all()
    np.testing.assert_allclose(np.abs(kept[~within]), peak, rtol=1e-6)
    np.testing.assert_allclose(kept / step, np.rint(kept / step), atol=1e-4)


def test_zeros_stay_zeros() -> None:
    np.testing.assert_array_equal(quantised(np.zeros(4, np.float32), 0.0), np.zeros(4))


def test_each_channel_of_a_kernel_has_its_own_step_and_vectors_have_none() -> None:
    kernel = np.stack([np.linspace(-1, 1, 9), np.linspace(-100, 100, 9)]).astype(np.float32).reshape(2, 1, 3, 3)
    bias = np.array([1 / 3, 2 / 3], np.float32)
    kept = weights_of({"kernel": kernel, "bias": bias})
    np.testing.assert_array_equal(kept["bias"], bias)
    for channel, peak in enumerate((1, 100)):
        assert np.abs(kept["kernel"][channel] - kernel[channel]).max() <= peak / LEVELS / 2 * 1.001


def test_peaks_are_the_largest_over_all_samples() -> None:
    peaks = peaks_of(NETWORK.bundle())
    assert peaks["x"] == max(float(np.abs(sample.inputs["x"]).max()) for sample in NETWORK.samples)
    assert peaks["v7"] == max(float(np.abs(sample.outputs["out"]).max()) for sample in NETWORK.samples)
    assert peaks.keys() == {"x", *(f"v{i}" for i in range(8))}


def test_every_value_is_on_the_levels_of_its_calibration() -> None:
    peaks = peaks_of(NETWORK.bundle())
    for name, value in run([f"v{i}" for i in range(8)]).items():
        levels = value.astype(np.float64) / (peaks[name] / LEVELS)
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
        assert np.abs(levels).max() <= LEVELS + 1e-3
        assert len(np.unique(np.rint(levels))) > 20


def test_the_error_is_of_the_size_of_int8() -> None:
    for name, value in run().items():
        golden = SAMPLE.outputs[name]
        error = np.abs(value - golden).max() / np.abs(golden).max()
        assert 1e-3 < error < 0.08


def test_the_canary_has_no_samples_and_lives() -> None:
    assert canary_failure(NumpyDriver({"precision": "int8"})) == ""


@pytest.mark.parametrize("value", ["v2", "v6", "v7"])
def test_a_fault_is_found_on_a_device_of_int8(value: str) -> None:
    profile: dict[str, Any] = {"precision": "int8", "faults": [{"name": "wrong_layout", "value": value}]}
    driver = NumpyDriver(profile)
    driver.load(NETWORK.bundle())
    found = first_divergent_layer(driver, NETWORK.bundle(), SAMPLE, INT8)
    assert found is not None
    assert (found.value, found.introduced_here) == (value, True)
