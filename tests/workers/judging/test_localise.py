"""Finding the first divergent layer, wherever it is, with few runs and little memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.bundle import Bundle, Sample, digest
from tests.workers.bundles import Draft, Network, branched, deep, pyramid
from tests.workers.fakes import FakeDriver, FakeSession, Inputs, Outputs, always, spoilt
from tests.workers.policies import FP16, FP32
from workers.codec import decode, encode
from workers.driver import DeviceLost, LoadRejected
from workers.drivers.numpy import NumpyDriver
from workers.judging.localise import ALONE, FETCHED, PROBES, distance, first_divergent_layer, probes_of
from workers.judging.part import is_part
from workers.report import LayerError

BRANCHED, PYRAMID, DEEP = branched(), pyramid(), deep()
VALUES = [(network, name) for network in (BRANCHED, PYRAMID) for node in network.graph.nodes for name in node.outputs]


def without_digests(network: Network, *names: str) -> tuple[Bundle, Sample]:
    sample = network.samples[0]
    kept = {name: value for name, value in sample.digests.items() if name not in names}
    return network.bundle(), replace(sample, digests=kept)


def whole_networks_only(wrong: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> FakeDriver:
    """A device that cuts networks, and cannot load what is none."""

    def on_load(bundle: Bundle) -> None:
        if is_part(bundle):
            raise LoadRejected("not a network")

    return FakeDriver(wrong, on_load=on_load)


def slipping(value: np.ndarray) -> np.ndarray:
    """``value`` with an error of a twenty-fifth that no figure of its digest shows: at right angles to all of them."""
    flat = value.astype(np.float64).reshape(-1)
    weights = np.array([digest(unit)[3] for unit in np.eye(flat.size)])
    shown, _ = np.linalg.qr(np.stack([np.ones(flat.size), weights, flat], axis=1))
    error = np.random.default_rng(0).standard_normal(flat.size)
    error -= shown @ (shown.T @ error)
    error *= 0.04 * np.linalg.norm(flat) / np.linalg.norm(error)
    return (flat + error).astype(value.dtype).reshape(value.shape)


class TestWhereItIs:
    @pytest.mark.parametrize(("network", "value"), VALUES)
    def test_a_wrong_node_is_found_wherever_it_is(self, network: Network, value: str) -> None:
        node = next(node for node in network.graph.nodes if value in node.outputs)
        found = first_divergent_layer(FakeDriver({value: spoilt}), network.bundle(), network.samples[1], FP32)
        assert found is not None
        assert (found.value, found.op, found.module, found.introduced_here) == (value, node.op, node.module, True)
        assert found.source == node.source
        assert found.error > 0.1

    @settings(max_examples=30)
    @given(st.sets(st.sampled_from(sorted(BRANCHED.graph.types.keys() - {"x"})), min_size=1))
    def test_of_several_wrong_nodes_one_is_named_that_makes_an_error_itself(self, values: set[str]) -> None:
        driver = FakeDriver(dict.fromkeys(values, spoilt))
        found = first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert found.value in values
        assert found.introduced_here is True

    @pytest.mark.parametrize("index", [0, 1, 11, 59, 60, 93, 118, 119])
    def test_in_a_deep_network_few_runs_are_enough(self, index: int) -> None:
        driver = FakeDriver({f"v{index}": spoilt})
        found = first_divergent_layer(driver, DEEP.bundle(), DEEP.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == (f"v{index}", True)
        assert max(map(len, driver.fetched)) <= FETCHED, "memory is bounded"
        assert len(driver.fetched) <= 5

    @pytest.mark.parametrize("index", [5, 118])
    def test_what_was_looked_at_on_the_way_is_told_in_the_order_of_the_graph(self, index: int) -> None:
        driver = FakeDriver({f"v{index}": spoilt})
        found = first_divergent_layer(driver, DEEP.bundle(), DEEP.samples[0], FP32)
        assert found is not None
        places = [int(probe.value.removeprefix("v")) for probe in found.probes]
        assert places == sorted(set(places))
        assert index in places
        assert len(places) <= PROBES
        nodes = {name: node for node in DEEP.graph.nodes for name in node.outputs}
        for place, probe in zip(places, found.probes, strict=True):
            assert (probe.op, probe.module) == (nodes[probe.value].op, nodes[probe.value].module)
            assert (probe.error > 1e-3) == (place >= index), "good before it, wrong from there on"

    def test_of_very_many_values_some_are_told_and_the_one_that_is_named_is_among_them(self) -> None:
        layers = [LayerError(f"v{n}", "conv2d", "", n / 999) for n in range(999)]
        for named in (layers[0], layers[500], layers[998]):
            told = probes_of(layers, named)
            assert len(told) <= PROBES
            assert named.value in {probe.value for probe in told}
            assert told[-1].value == "v998"
        assert [probe.value for probe in probes_of(layers[:PROBES], layers[3])] == [f"v{n}" for n in range(PROBES)]

    def test_a_wrong_kernel_of_the_simulated_device_is_found(self) -> None:
        driver = NumpyDriver({"faults": [{"name": "wrong_kernel", "op": "tanh"}]})
        found = first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert (found.op, found.module, found.introduced_here) == ("tanh", "right.act", True)

    @pytest.mark.parametrize("value", ["v2", "v4", "v7"])
    def test_one_wrong_node_of_many_of_an_op_is_found_on_the_simulated_device(self, value: str) -> None:
        driver = NumpyDriver({"faults": [{"name": "wrong_kernel", "op": "conv2d", "value": value}]})
        found = first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == (value, True)


class TestAlone:
    """The suspect is run by itself on golden inputs, to tell what it introduces from what it inherits."""

    def test_its_own_error_and_what_it_reads_are_told_apart(self) -> None:
        found = first_divergent_layer(FakeDriver({"v4": spoilt}), BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert found.introduced_here is True
        assert found.local_error is not None
        assert found.local_error > 0.9
        assert found.inherited_error is not None
        assert found.inherited_error < 1e-4
        assert found.signature == "conv2d(float32[1, 6, 16, 16], float32[5, 6, 1, 1])"

    def test_a_layer_without_a_digest_is_found_behind_the_one_that_shows_it(self) -> None:
        bundle, sample = without_digests(BRANCHED, "v2")
        found = first_divergent_layer(FakeDriver({"v2": spoilt}), bundle, sample, FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == ("v2", True)

    def test_a_layer_that_a_digest_lets_slip_is_found_behind_the_one_that_shows_it(self) -> None:
        driver, sample = FakeDriver({"v2": slipping}), BRANCHED.samples[0]
        blamed = first_divergent_layer(whole_networks_only({"v2": slipping}), BRANCHED.bundle(), sample, FP32)
        found = first_divergent_layer(driver, BRANCHED.bundle(), sample, FP32)
        assert blamed is not None
        assert blamed.value != "v2", "by digests alone a later one is blamed"
        assert found is not None
        assert (found.value, found.introduced_here) == ("v2", True)
        assert found.error < 1e-3
        assert found.local_error is not None
        assert found.local_error > 0.01

    def test_small_errors_that_add_up_are_inherited(self) -> None:
        def drifting(value: np.ndarray) -> np.ndarray:
            return value * np.float32(1 + 1.5e-4)

        driver = FakeDriver({f"v{i}": drifting for i in range(120)})
        found = first_divergent_layer(driver, DEEP.bundle(), DEEP.samples[0], FP32)
        assert found is not None
        assert found.introduced_here is False
        assert found.local_error == pytest.approx(1.5e-4, rel=0.01)
        assert found.inherited_error is not None
        assert 1e-3 < found.inherited_error < 2e-3
        assert found.error > found.inherited_error

    def test_an_output_that_is_wrong_and_whose_digest_does_not_show_it_is_named_by_itself(self) -> None:
        found = first_divergent_layer(FakeDriver({"v7": slipping}), BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == ("v7", True)

    def test_few_nodes_are_run_alone(self) -> None:
        driver = FakeDriver({f"v{i}": lambda value: value * np.float32(1 + 1e-4) for i in range(120)})
        first_divergent_layer(driver, DEEP.bundle(), DEEP.samples[0], FP32)
        assert sum(is_part(session.bundle) for session in driver.sessions) == ALONE

    def test_what_a_node_reads_is_fetched_in_one_run(self) -> None:
        draft = Draft({"x": 3})
        read = [draft.conv(draft.node("relu", "x"), 2, f"branch{i}") for i in range(12)]
        network = draft.network(out=draft.conv(draft.node("cat", *read, dim=1), 4, "head"))
        head = network.graph.outputs["out"]

        def wrong_in_the_whole(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            return {n: spoilt(v) if n == head and not is_part(session.bundle) else v for n, v in outputs.items()}

        driver = FakeDriver(on_run=wrong_in_the_whole)
        found = first_divergent_layer(driver, network.bundle(), network.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == (head, False)
        assert [names for names in driver.fetched[2:] if set(names) & set(read)] == [
            tuple(name for name in read if name not in driver.fetched[1])
        ]

    def test_nothing_is_run_alone_when_the_time_for_it_is_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("workers.judging.localise.ALONE_S", -1.0)
        driver = FakeDriver({"v4": spoilt})
        found = first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here, found.local_error) == ("v4", True, None)
        assert not any(is_part(session.bundle) for session in driver.sessions)

    @pytest.mark.parametrize("fault", ["wrong_layout", "bit_flip_activation", "wrong_accumulation"])
    @pytest.mark.parametrize("value", ["v0", "v3", "v6", "v7"])
    def test_what_strikes_one_value_of_the_simulated_device_strikes_it_alone(self, fault: str, value: str) -> None:
        driver = NumpyDriver({"faults": [{"name": fault, "value": value}]})
        driver.load(BRANCHED.bundle())
        found = first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[1], FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == (value, True)
        assert found.local_error is not None


class TestWhatCannotBeTold:
    def test_nothing_is_named_where_all_inner_values_agree(self) -> None:
        assert first_divergent_layer(FakeDriver(), BRANCHED.bundle(), BRANCHED.samples[0], FP32) is None

    def test_nothing_is_named_where_only_the_whole_network_is_wrong(self) -> None:
        def fused(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            whole = session.graphs[0].outputs.keys() == BRANCHED.graph.outputs.keys()
            return {name: spoilt(value) if whole else value for name, value in outputs.items()}

        assert first_divergent_layer(FakeDriver(on_run=fused), BRANCHED.bundle(), BRANCHED.samples[0], FP32) is None

    def test_a_layer_behind_one_without_a_digest_may_have_inherited_the_error(self) -> None:
        bundle, sample = without_digests(BRANCHED, "v2")
        found = first_divergent_layer(whole_networks_only({"v2": spoilt}), bundle, sample, FP32)
        assert found is not None
        assert (found.value, found.introduced_here, found.local_error, found.inherited_error) == (
            "v3",
            None,
            None,
            None,
        )

    def test_the_digests_speak_where_no_node_can_be_run_alone(self) -> None:
        found = first_divergent_layer(whole_networks_only({"v2": spoilt}), BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here, found.local_error) == ("v2", True, None)

    def test_a_host_that_computes_something_else_than_the_golden_says_does_not_judge(self) -> None:
        network = BRANCHED.bundle()
        off = replace(network, weights={**network.weights, "head.weight": -network.weights["head.weight"]})
        found = first_divergent_layer(FakeDriver(), off, BRANCHED.samples[0], FP32)
        assert found is not None
        assert (found.value, found.introduced_here, found.local_error) == ("v7", True, None)

    def test_a_layer_is_found_though_the_outputs_have_no_digests(self) -> None:
        bundle, sample = without_digests(BRANCHED, "v1", "v7")
        found = first_divergent_layer(FakeDriver({"v5": spoilt}), bundle, sample, FP32)
        assert found is not None
        assert found.value == "v5"

    def test_no_digests_at_all_tell_nothing(self) -> None:
        bundle, sample = without_digests(BRANCHED, *BRANCHED.samples[0].digests)
        driver = FakeDriver({"v0": spoilt})
        assert first_divergent_layer(driver, bundle, sample, FP32) is None
        assert driver.ran == []

    def test_a_device_that_runs_whole_networks_only_says_so(self) -> None:
        with pytest.raises(NotImplementedError):
            first_divergent_layer(FakeDriver(fetches=False), BRANCHED.bundle(), BRANCHED.samples[0], FP32)

    def test_what_the_device_raises_comes_through_and_its_memory_is_given_back(self) -> None:
        driver = FakeDriver(on_run=always(DeviceLost("gone")))
        with pytest.raises(DeviceLost):
            first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert all(session.closed for session in driver.sessions)


class TestReportable:
    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_value_that_is_not_finite_is_found_and_can_be_reported(self, bad: float) -> None:
        def spoil(value: np.ndarray) -> np.ndarray:
            value = value.copy()
            value.flat[-1] = bad
            return value

        found = first_divergent_layer(FakeDriver({"v4": spoil}), BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert found is not None
        assert found.value == "v4"
        assert decode(encode(found), LayerError) == found

    def test_sessions_are_closed(self) -> None:
        driver = FakeDriver({"v4": spoilt})
        first_divergent_layer(driver, BRANCHED.bundle(), BRANCHED.samples[0], FP32)
        assert driver.sessions
        assert all(session.closed for session in driver.sessions)


class TestDistance:
    VALUE = np.random.default_rng(0).standard_normal((2, 6, 5, 7)).astype(np.float32)

    def test_equal_values_are_at_no_distance(self) -> None:
        assert distance(self.VALUE, digest(self.VALUE)) == 0.0

    @given(st.integers(-30, 30))
    def test_the_scale_does_not_matter(self, exponent: int) -> None:
        near, far = digest(self.VALUE), digest(np.ldexp(self.VALUE, exponent))
        noisy = self.VALUE * np.float32(1.01)
        assert distance(np.ldexp(noisy, exponent), far) == pytest.approx(distance(noisy, near))

    def test_rounding_is_near_and_permuted_channels_are_far(self) -> None:
        golden = digest(self.VALUE)
        assert distance(self.VALUE.astype(np.float16), golden) < 10 * FP16.atol_rel
        assert distance(self.VALUE * np.float32(1 + 1e-6), golden) < 10 * FP32.atol_rel
        for axis in range(4):
            assert distance(np.roll(self.VALUE, 1, axis), golden) > 10 * FP32.atol_rel

    def test_another_size_is_infinitely_far(self) -> None:
        assert distance(self.VALUE[..., :-1], digest(self.VALUE)) == np.inf

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_infinitely_far_from_what_is(self, bad: float) -> None:
        value = self.VALUE.copy()
        value[0, 0, 0, 0] = bad
        assert distance(value, digest(self.VALUE)) == np.inf

    def test_both_infinities_at_once_are_far_too(self) -> None:
        value = self.VALUE.copy()
        value.flat[:2] = np.inf, -np.inf
        assert distance(value, digest(self.VALUE)) == np.inf

    def test_a_mask_of_minus_infinity_agrees_with_itself(self) -> None:
        mask = np.array([0.0, -np.inf, 0.0, -np.inf], np.float32)
        assert distance(mask, digest(mask)) == 0.0

    def test_zeros_agree_with_zeros_only(self) -> None:
        zeros = digest(np.zeros(8, np.float32))
        assert distance(np.zeros(8, np.float32), zeros) == 0.0
        assert distance(np.ones(8, np.float32), zeros) > 0.1

    def test_an_empty_value_agrees_with_itself(self) -> None:
        empty = np.zeros((0, 4), np.float32)
        assert distance(empty, digest(empty)) == 0.0
