"""Storage in lower precision, numerically."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from farm.selftest.networks import drawn
from tests.workers.bundles import branched, run_plainly
from workers.drivers.numpy import NumpyDriver
from workers.judging.compare import compare_outputs
from workers.judging.localise import first_divergent_layer
from workers.outcome import Outcome
from workers.policy import Policy
from workers.profiles.precision import ROUNDINGS, stored

NETWORK = branched()
SAMPLE = NETWORK.samples[1]
#: Half a unit of the last place that is kept, relative.
HALF_ULP = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
FLOATS = arrays(np.float32, st.integers(0, 20), elements=st.floats(-1000, 1000, width=32))
PRECISIONS = pytest.mark.parametrize("precision", ROUNDINGS)


def run(precision: str, fetch: list[str] | None = None) -> dict[str, np.ndarray]:
    return dict(NumpyDriver({"precision": precision}).load(NETWORK.bundle(), fetch=fetch).run(SAMPLE.inputs))


@PRECISIONS
@given(FLOATS)
def test_a_stored_value_is_the_nearest_that_there_is(precision: str, value: np.ndarray) -> None:
    kept = ROUNDINGS[precision](value)
    assert (kept.dtype, kept.shape) == (value.dtype, value.shape)
    assert (np.abs(kept - value) <= np.abs(value) * HALF_ULP[precision] + 2.0**-24).all()
    np.testing.assert_array_equal(ROUNDINGS[precision](kept), kept)


def test_half_precision_overflows_and_bfloat16_does_not() -> None:
    big = np.array([1e5, -1e5], np.float32)
    assert np.isinf(ROUNDINGS["float16"](big)).all()
    np.testing.assert_allclose(ROUNDINGS["bfloat16"](big), big, rtol=2.0**-8)


@PRECISIONS
def test_every_value_of_a_network_can_be_stored(precision: str) -> None:
    values = run(precision, [f"v{i}" for i in range(8)])
    for value in values.values():
        np.testing.assert_array_equal(ROUNDINGS[precision](value), value)


@PRECISIONS
def test_it_computes_the_network_of_rounded_inputs_and_weights_to_that_precision(precision: str) -> None:
    weights, inputs = stored(NETWORK.weights, precision), stored(SAMPLE.inputs, precision)
    exact = run_plainly(NETWORK.graph, weights, inputs)
    for name, value in run(precision, [f"v{i}" for i in range(8)]).items():
        assert np.abs(value - exact[name]).max() <= 8 * HALF_ULP[precision] * np.abs(exact[name]).max()
    first = run(precision, ["v0"])["v0"]
    assert np.abs(first - exact["v0"]).max() <= 1.01 * HALF_ULP[precision] * np.abs(exact["v0"]).max(), "rounded once"


@PRECISIONS
def test_the_error_is_of_the_size_of_the_precision(precision: str) -> None:
    for name, value in run(precision).items():
        golden = SAMPLE.outputs[name]
        error = np.abs(value - golden).max() / np.abs(golden).max()
        assert HALF_ULP[precision] / 8 < error < 8 * HALF_ULP[precision]


def test_a_policy_of_the_precision_passes_it_and_that_of_float32_does_not() -> None:
    fp16 = Policy("fp16", 1, "float16", atol_rel=5e-3, rtol=5e-3, sqnr_db=45.0, cosine=0.999)
    fp32 = Policy("fp32", 1, "float32", atol_rel=2e-4, rtol=1e-4, sqnr_db=75.0, cosine=0.99999)
    assert compare_outputs(run("float16"), SAMPLE.outputs, fp16).outcome is Outcome.PASS
    assert compare_outputs(run("float16"), SAMPLE.outputs, fp32).outcome is Outcome.MISMATCH


def test_what_is_no_float32_stays_as_it_is() -> None:
    given = {"labels": np.arange(300_000, 300_003), "wide": np.array([1 / 3])}
    for name, value in stored(given, "float16").items():
        np.testing.assert_array_equal(value, given[name])


def test_a_fault_is_found_on_a_device_of_low_precision() -> None:
    policy = Policy("fp16", 1, "float16", atol_rel=5e-3, rtol=5e-3, sqnr_db=45.0, cosine=0.999)
    network = drawn(3)
    node = next(node for node in network.graph.nodes[2:] if node.op == "conv2d")
    fault = {"name": "wrong_layout", "value": node.outputs[0]}
    driver = NumpyDriver({"precision": "float16", "faults": [fault]})
    driver.load(network.bundle())
    found = first_divergent_layer(driver, network.bundle(), network.samples[0], policy)
    assert found is not None
    assert (found.value, found.introduced_here) == (node.outputs[0], True)


def test_a_network_that_uses_every_op_that_could_carry_the_rounding_is_refused() -> None:
    ops = ("acosh", "asinh", "atanh", "cosh", "sinh", "tan", "expm1", "log1p", "acos", "asin")
    node = NETWORK.graph.nodes[1]
    every = tuple(replace(node, op=op, outputs=(f"w{i}",)) for i, op in enumerate(ops))
    types = {**NETWORK.graph.types, **{f"w{i}": NETWORK.graph.types["v1"] for i in range(len(ops))}}
    graph = replace(NETWORK.graph, nodes=(*NETWORK.graph.nodes, *every), types=types)
    bundle = replace(NETWORK.bundle(), graphs=(graph,))
    with pytest.raises(ValueError, match="uses every op that could carry the rounding"):
        NumpyDriver({"precision": "float16"}).load(bundle)
