"""Finding the first divergent layer, wherever it is, with few runs and little memory."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.bundle import Bundle, Sample, digest
from tests.workers.bundles import Network, branched, deep, pyramid
from tests.workers.fakes import FakeDriver, FakeSession, Inputs, Outputs, always, spoilt
from tests.workers.policies import FP16, FP32
from workers.codec import decode, encode
from workers.driver import DeviceLost
from workers.drivers.numpy import NumpyDriver
from workers.localise import FETCHED, distance, first_divergent_layer
from workers.report import LayerError

BRANCHED, PYRAMID, DEEP = branched(), pyramid(), deep()
VALUES = [(network, name) for network in (BRANCHED, PYRAMID) for node in network.graph.nodes for name in node.outputs]


def without_digests(network: Network, *names: str) -> tuple[Bundle, Sample]:
    sample = network.samples[0]
    kept = {name: value for name, value in sample.digests.items() if name not in names}
    return network.bundle(), replace(sample, digests=kept)


class TestWhereItIs:
    @pytest.mark.parametrize(("network", "value"), VALUES)
    def test_a_wrong_node_is_found_wherever_it_is(self, network: Network, value: str) -> None:
        node = next(node for node in network.graph.nodes if value in node.outputs)
        found = first_divergent_layer(FakeDriver({value: spoilt}), network.bundle(), network.samples[1], FP32)
        assert found is not None
        assert (found.value, found.op, found.module, found.introduced_here) == (value, node.op, node.module, True)
        assert found.source == node.source
        assert found.error > 0.1

    @settings(max_examples=30, deadline=None)
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
        found = first_divergent_layer(FakeDriver({"v2": spoilt}), bundle, sample, FP32)
        assert found is not None
        assert (found.value, found.introduced_here) == ("v3", None)

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
