"""Layers judged alone on golden inputs: what passes, what is named, and that nothing hides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from farm.selftest.networks import drawn
from mcore.platform.bundle import Bundle, digest
from tests.workers.bundles import Draft, branched, deep, pyramid, run_plainly
from workers.driver import DeviceLost
from workers.drivers.numpy import NumpyDriver, NumpySession
from workers.judging.evidence import roll_up
from workers.judging.layers import Layer, by_layers, layers_of, reference, summed_up
from workers.judging.part import is_part, part_of
from workers.outcome import Cause, Outcome
from workers.policy import Policy, Scope
from workers.profiles import int8
from workers.profiles.precision import ROUNDINGS
from workers.replay import replay
from workers.report import CaseReport

NETWORK = branched()
SAMPLE = NETWORK.samples[1]


def policy(precision: str, **numbers: float) -> Policy:
    return replace(Policy(precision, 1, precision, 2e-2, 1e-2, 35.0, 0.999, judged=Scope.LAYERS), **numbers)


POLICIES = {
    "float16": policy("float16", atol_rel=2e-3, rtol=1e-3, sqnr_db=55.0),
    "bfloat16": policy("bfloat16"),
    "int8": policy("int8"),
}


def layers(profile: Mapping[str, Any], under: Policy, bundle: Bundle | None = None) -> list[Layer]:
    whole = bundle or NETWORK.bundle()
    driver = NumpyDriver(profile)
    driver.load(whole)  # a device of int8 is calibrated on the network
    return list(layers_of(driver, whole, whole.samples[1], under))


@pytest.mark.parametrize("precision", POLICIES)
@pytest.mark.parametrize("network", [branched(), pyramid(), drawn(1), drawn(2)], ids=range(4))
def test_a_sound_device_of_each_precision_passes_with_a_margin(precision: str, network: Any) -> None:
    for layer in layers({"precision": precision}, POLICIES[precision], network.bundle()):
        assert layer.compared.outcome is Outcome.PASS, layer.compared.message
        assert all(t.margin is not None and t.margin > 0.2 for t in layer.compared.tensors)


def test_every_layer_is_judged_once_in_order_against_what_the_plain_kernel_makes() -> None:
    found = layers({}, POLICIES["bfloat16"])
    assert [layer.error.value for layer in found] == [f"v{i}" for i in range(8)]
    assert [layer.op for layer in found] == [node.op for node in NETWORK.graph.nodes]
    assert all(t.max_rel_error < 1e-6 for layer in found for t in layer.compared.tensors)
    assert found[0].error.signature == "conv2d(float32[2, 3, 12, 20], float32[6, 3, 3, 3])"
    assert not any(layer.error.introduced_here for layer in found)


def test_errors_do_not_add_up_however_deep_the_network_is() -> None:
    network = deep()
    worst = [
        max(t.max_rel_error for layer in part for t in layer.compared.tensors)
        for found in [layers({"precision": "bfloat16"}, POLICIES["bfloat16"], network.bundle())]
        for part in (found[:20], found[-20:])
    ]
    assert worst[1] < 3 * worst[0]
    outputs = NumpyDriver({"precision": "bfloat16"}).load(network.bundle()).run(network.samples[1].inputs)
    golden = network.samples[1].outputs["out"]
    assert np.abs(outputs["out"] - golden).max() / np.abs(golden).max() > worst[1]


@pytest.mark.parametrize("precision", POLICIES)
@pytest.mark.parametrize("fault", ["wrong_layout", "bit_flip_activation"])
@pytest.mark.parametrize("value", ["v0", "v3", "v6"])
def test_a_fault_is_seen_and_named_in_every_precision(precision: str, fault: str, value: str) -> None:
    driver = NumpyDriver({"precision": precision, "faults": [{"name": fault, "value": value}]})
    replayed = replay(driver, NETWORK.bundle(), POLICIES[precision], lambda message: None, measure=False)
    assert (replayed.finding.outcome, replayed.finding.cause) == (Outcome.MISMATCH, Cause.DEVICE_STACK)
    for case in replayed.cases:
        assert case.first_divergent_layer is not None
        assert (case.first_divergent_layer.value, case.first_divergent_layer.introduced_here) == (value, True)
        told = {probe.value: probe.error for probe in case.first_divergent_layer.probes}
        assert list(told) == [f"v{i}" for i in range(8)]
        assert [name for name, error in told.items() if error == max(told.values())] == [value]
        assert case.message.startswith(f"layer {value!r} (")
        assert ") alone leaves its golden: " in case.message


def test_a_case_says_what_the_layers_and_what_the_outputs_are_off_by() -> None:
    driver = NumpyDriver({"precision": "bfloat16"})
    replayed = replay(driver, NETWORK.bundle(), POLICIES["bfloat16"], lambda message: None, measure=False)
    assert replayed.finding.outcome is Outcome.PASS
    rows = replayed.cases[0].tensors
    assert [t.output for t in rows if not t.layer] == ["out", "stem"]
    assert all(t.margin is None for t in rows if not t.layer), "reported beside"
    assert [t.layer for t in rows if t.layer] == ["conv2d", "relu", "sigmoid", "tanh", "cat"]
    assert all(t.margin is not None and t.margin > 0 for t in rows if t.layer)


def test_a_row_of_an_op_has_the_worst_figures_of_its_layers() -> None:
    found = layers({"precision": "float16"}, POLICIES["float16"])
    convolutions = [t for layer in found if layer.op == "conv2d" for t in layer.compared.tensors]
    (row,) = [t for t in summed_up(found).tensors if t.layer == "conv2d"]
    assert row.max_rel_error == max(t.max_rel_error for t in convolutions)
    assert row.sqnr_db == min(t.sqnr_db for t in convolutions)
    assert row.margin == min(t.margin for t in convolutions if t.margin is not None)
    assert row.output == min(convolutions, key=lambda t: t.margin or 0).output
    assert row.spread is not None
    assert row.spread.elements == sum(t.spread.elements for t in convolutions if t.spread)


def test_an_output_that_is_not_finite_fails_whatever_the_layers_say() -> None:
    case = CaseReport("8x8", Outcome.NONFINITE, "output 'out': 1 of 2 elements are not finite", firm=Outcome.NONFINITE)
    judged = by_layers(case, layers({}, POLICIES["bfloat16"]))
    assert (judged.outcome, judged.firm) == (Outcome.NONFINITE, Outcome.NONFINITE)
    assert roll_up([judged], ["8x8"], fixed_sizes=True).outcome is Outcome.NONFINITE


def test_a_network_without_layers_that_can_be_judged_proves_nothing() -> None:
    assert summed_up([]).outcome is summed_up([]).firm is Outcome.VACUOUS


class TestReference:
    def test_a_host_that_computes_otherwise_than_the_golden_says_judges_nothing(self) -> None:
        """The simulated device has its kernels from where the reference has them: only the digests know better."""
        sample = NETWORK.samples[1]
        digests = {
            **sample.digests,
            "v2": digest(run_plainly(NETWORK.graph, NETWORK.weights, sample.inputs)["v2"] * 1.1),
        }
        bundle = replace(NETWORK, samples=(NETWORK.samples[0], replace(sample, digests=digests))).bundle()
        found = {layer.error.value: layer.compared for layer in layers({}, POLICIES["bfloat16"], bundle)}
        assert found["v2"].outcome is found["v2"].firm is Outcome.REFERENCE_INVALID
        assert "this host makes 'v2' otherwise than its golden digest says" in found["v2"].message
        assert found["v1"].outcome is Outcome.PASS

    def test_int8_is_held_against_levels_and_not_against_what_float32_makes(self) -> None:
        bundle, sample = NETWORK.bundle(), NETWORK.samples[1]
        peaks = int8.peaks_of(bundle)
        for node in NETWORK.graph.nodes:
            part = part_of(bundle, NETWORK.graph, node, sample)
            inputs, goldens = reference(part, "int8", peaks)
            assert inputs is part.inputs
            (made,) = goldens.values()
            levels = np.rint(made / (peaks[node.outputs[0]] / int8.LEVELS))
            np.testing.assert_allclose(made, levels * peaks[node.outputs[0]] / int8.LEVELS, rtol=1e-5)
            assert np.abs(levels).max() <= int8.LEVELS
        strict = policy("int8", atol_rel=1e-6, rtol=0.0, sqnr_db=120.0)
        assert all(layer.compared.outcome is Outcome.PASS for layer in layers({"precision": "int8"}, strict))
        # A device of float32 is not one of int8.
        assert any(layer.compared.outcome is Outcome.MISMATCH for layer in layers({}, strict))


@pytest.mark.parametrize("kept", ROUNDINGS)
def test_what_was_rounded_before_a_layer_is_no_error_of_it(kept: str) -> None:
    """A difference of nearly equal values: rounding what it reads leaves nothing of it, and that is not its fault."""
    draft = Draft({"x": 3})
    stem = draft.conv("x", 4, "stem")
    shifted = draft.node("add", stem, other=1000.0)
    network = draft.network(out=draft.node("sub", shifted, other=1000.0))
    under = replace(POLICIES[kept], atol_rel=2e-2, rtol=1e-2, sqnr_db=35.0)
    found = {layer.op: layer.compared.tensors[0] for layer in layers({"precision": kept}, under, network.bundle())}
    assert found["sub"].max_rel_error == 0.0
    outputs = NumpyDriver({"precision": kept}).load(network.bundle()).run(network.samples[1].inputs)
    golden = network.samples[1].outputs["out"]
    assert np.abs(outputs["out"] - golden).max() > 0.03 * np.abs(golden).max()


def test_inner_values_that_are_not_finite_must_be_the_same() -> None:
    draft = Draft({"x": 3})
    stem = draft.conv("x", 4, "stem")
    masked = draft.node("where", draft.node("gt", stem, other=0.0), stem, other=float("-inf"))
    network = draft.network(out=draft.node("softmax", masked, dim=1))
    for under, profile in (
        (POLICIES["bfloat16"], {"precision": "bfloat16"}),
        (POLICIES["int8"], {"precision": "int8"}),
    ):
        found = {layer.op: layer.compared for layer in layers(profile, under, network.bundle())}
        assert found["softmax"].outcome is Outcome.PASS
        if under.precision == "bfloat16":
            assert found["where"].outcome is Outcome.PASS


class _Odd(NumpyDriver):
    """Runs networks, but no node alone."""

    def __init__(self, error: Exception) -> None:
        super().__init__({})
        self._error = error

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> NumpySession:
        if is_part(bundle):
            raise self._error
        return super().load(bundle, fetch)


def test_a_device_that_runs_no_node_alone_proves_nothing() -> None:
    driver = _Odd(NotImplementedError("whole networks only"))
    replayed = replay(driver, NETWORK.bundle(), POLICIES["bfloat16"], lambda message: None, measure=False)
    assert replayed.finding.outcome is Outcome.VACUOUS
    assert "layer 'v0' cannot be had alone: whole networks only" in replayed.finding.message


def test_a_unit_that_is_lost_meanwhile_is_an_infra_matter() -> None:
    replayed = replay(_Odd(DeviceLost("gone")), NETWORK.bundle(), POLICIES["bfloat16"], lambda message: None)
    assert (replayed.finding.outcome, replayed.finding.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)


@pytest.mark.parametrize("precision", POLICIES)
def test_ops_that_jump_and_what_they_decide_are_judged_exactly(precision: str) -> None:
    """They are given what the device keeps, so that no rounding comes before the jump."""
    draft = Draft({"x": 3})
    stem = draft.conv("x", 4, "stem")
    floors = draft.node("floor", stem)
    flags = draft.node("gt", stem, other=0.0)
    network = draft.network(out=draft.node("where", flags, floors, stem))
    found = layers({"precision": precision}, POLICIES[precision], network.bundle())
    assert [layer.op for layer in found] == ["conv2d", "floor", "gt", "where"]
    assert {layer.compared.outcome for layer in found} == {Outcome.PASS}
    faults = [{"name": "wrong_kernel", "op": "gt"}]
    faulty = layers({"precision": precision, "faults": faults}, POLICIES[precision], network.bundle())
    assert [layer.op for layer in faulty if layer.compared.outcome is not Outcome.PASS] == ["gt"]
