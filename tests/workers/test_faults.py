"""The catalogue of faults: what each does to a device, and what a profile may ask for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.bundles import Network, branched, run_plainly
from workers.canary import canary_bundle
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected
from workers.drivers.numpy import NumpyDriver
from workers.faults import CATALOGUE, Fault, Faults
from workers.outcome import Cause, Group, Outcome

NETWORK = branched()
SAMPLE = NETWORK.samples[0]


def run(*faults: Any, network: Network = NETWORK) -> dict[str, np.ndarray]:
    session = NumpyDriver({"faults": list(faults)}).load(network.bundle())
    return dict(session.run(network.samples[0].inputs))


class TestCatalogue:
    def test_each_entry_stands_under_its_name_and_says_what_it_does(self) -> None:
        assert all(name == fault.name and fault.does for name, fault in CATALOGUE.items())

    def test_no_fault_is_meant_to_look_like_a_pass(self) -> None:
        assert all(fault.outcome.group is not Group.GOOD for fault in CATALOGUE.values())

    def test_faults_of_stack_harness_and_infrastructure_have_outcomes_of_their_groups(self) -> None:
        groups = {
            Cause.DEVICE_STACK: Group.PRODUCT,
            Cause.HARNESS: Group.HARNESS,
            Cause.INFRA: Group.INFRA,
            Cause.DEVICE_UNIT: Group.INFRA,
        }
        assert {name: fault.outcome.group for name, fault in CATALOGUE.items()} == {
            name: groups[fault.cause] for name, fault in CATALOGUE.items()
        }

    def test_the_outcomes_that_a_replay_can_have_are_covered(self) -> None:
        assert {fault.outcome for fault in CATALOGUE.values()} == {
            Outcome.MISMATCH,
            Outcome.NONFINITE,
            Outcome.SHAPE_OR_DTYPE,
            Outcome.CRASH,
            Outcome.DEVICE_TIMEOUT,
            Outcome.OUT_OF_MEMORY,
            Outcome.LOAD_REJECTED,
            Outcome.NONDETERMINISTIC,
            Outcome.HARNESS_ERROR,
            Outcome.INFRA_ERROR,
        }

    @pytest.mark.parametrize("fault", CATALOGUE.values(), ids=lambda fault: fault.name)
    def test_no_fault_of_a_unit_is_meant_to_look_like_the_products(self, fault: Fault) -> None:
        outcome, _ = fault.as_one_of_the_unit
        assert outcome.group in (Group.INFRA, Group.HARNESS)


class TestProfile:
    @pytest.mark.parametrize(
        ("entries", "message"),
        [
            (["gremlin"], "faults: no fault 'gremlin'; there are wrong_kernel, wrong_accumulation, "),
            ([{"op": "conv2d"}], "faults: no fault None; there are "),
            (
                [{"name": "wrong_kernel", "op": "conv9d"}],
                "faults: wrong_kernel names op 'conv9d', which does not exist",
            ),
            ([{"name": "nan", "op": "conv2d"}], "faults: nan has no parameter 'op'"),
            ([{"name": "wrong_kernel", "ops": "conv2d"}], "faults: wrong_kernel has no parameter 'ops'"),
            ([{"name": "flaky", "every": 0}], "faults: every must be a number of runs from 1 on, not 0"),
            ([{"name": "flaky", "every": True}], "faults: every must be a number of runs from 1 on, not True"),
            ([{"name": "wrong_layout", "value": 3}], "faults: value must be a text, not 3"),
            (["breaks_down"], "faults: breaks_down needs the parameter marker"),
            ("nan", "faults: must be a list"),
            ({"name": "nan"}, "faults: must be a list"),
            (7, "faults: must be a list"),
            (None, "faults: must be a list"),
        ],
    )
    def test_what_does_not_exist_is_refused_by_name(self, entries: Any, message: str) -> None:
        with pytest.raises(ValueError, match=r"^faults: ") as raised:
            Faults.of(entries)
        assert str(raised.value).startswith(message)
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize("entry", [7, None, ["nan"], {"name": ["nan"]}, {"name": "wrong_kernel", "op": 3}])
    def test_an_entry_of_another_form_is_refused_too(self, entry: Any) -> None:
        with pytest.raises(ValueError, match=r"^faults: "):
            Faults.of([entry])

    @pytest.mark.parametrize("value", ["v1", "v99"])
    def test_a_value_that_the_op_does_not_make_is_refused_at_load(self, value: str) -> None:
        driver = NumpyDriver({"faults": [{"name": "wrong_kernel", "op": "conv2d", "value": value}]})
        with pytest.raises(ValueError, match=f"'{value}' is not made by a conv2d that has a weight"):
            driver.load(NETWORK.bundle())

    def test_none_are_on_by_default(self) -> None:
        faults = Faults.of([])
        assert not any(faults.on(name) for name in CATALOGUE)
        assert str(faults) == ""

    def test_the_text_tells_one_set_of_faults_from_another_in_any_order(self) -> None:
        one = Faults.of(
            ["nan", {"name": "wrong_kernel", "op": "linear", "value": "v3"}, {"name": "hang", "unit": True}]
        )
        other = Faults.of(
            [{"name": "hang", "unit": True}, {"name": "wrong_kernel", "op": "linear", "value": "v3"}, "nan"]
        )
        assert str(one) == str(other) == "hang of the unit, nan, wrong_kernel(linear v3)"

    def test_the_text_tells_the_parameters_that_the_fault_has(self) -> None:
        faults = [
            {"name": "flaky", "every": 5},
            {"name": "bit_flip_weight", "weight": "stem.weight"},
            {"name": "breaks_down", "marker": "/tmp/m"},
            "wrong_layout",
        ]
        assert str(Faults.of(faults)) == (
            "bit_flip_weight(stem.weight), breaks_down(/tmp/m) of the unit, flaky(5), wrong_layout"
        )


class TestWhatTheyDo:
    def test_without_a_fault_the_goldens_come_out(self) -> None:
        for name, value in run().items():
            np.testing.assert_allclose(value, SAMPLE.outputs[name], rtol=1e-4, atol=1e-5)

    def test_wrong_kernel_rolls_the_channels_of_its_op_alone(self) -> None:
        outputs = run({"name": "wrong_kernel", "op": "relu"})
        np.testing.assert_allclose(outputs["stem"], np.roll(SAMPLE.outputs["stem"], 1, axis=1), rtol=1e-4, atol=1e-5)

    def test_wrong_kernel_strikes_one_node_where_a_value_is_named(self) -> None:
        outputs = run({"name": "wrong_kernel", "op": "conv2d", "value": "v7"})
        np.testing.assert_allclose(outputs["stem"], SAMPLE.outputs["stem"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(outputs["out"], np.roll(SAMPLE.outputs["out"], 1, axis=1), rtol=1e-4, atol=1e-5)

    def test_two_wrong_kernels_of_one_op_both_strike(self) -> None:
        both = run(*({"name": "wrong_kernel", "op": "conv2d", "value": value} for value in ("v2", "v7")))
        one = run({"name": "wrong_kernel", "op": "conv2d", "value": "v2"})
        np.testing.assert_allclose(both["out"], np.roll(one["out"], 1, axis=1), rtol=1e-4, atol=1e-5)

    def test_nan_is_the_first_value_of_every_output(self) -> None:
        for value in run("nan").values():
            assert np.flatnonzero(np.isnan(value)).tolist() == [0]

    def test_wrong_shape_lacks_the_last_column(self) -> None:
        assert run("wrong_shape")["out"].shape == (1, 3, 16, 15)

    def test_stale_outputs_are_those_of_the_first_inputs_of_their_size(self) -> None:
        session = NumpyDriver({"faults": ["stale_output"]}).load(NETWORK.bundle())
        small, wide = NETWORK.samples[:2]
        first = session.run(small.inputs)["out"]
        other = session.run(wide.inputs)["out"]
        np.testing.assert_allclose(other, wide.outputs["out"], rtol=1e-4, atol=1e-5)
        again = session.run({"x": -small.inputs["x"]})["out"]
        np.testing.assert_array_equal(first, again)

    def test_flaky_outputs_are_off_in_every_kth_run_and_right_in_the_others(self) -> None:
        session = NumpyDriver({"faults": [{"name": "flaky", "every": 3}]}).load(NETWORK.bundle())
        right = [np.allclose(session.run(SAMPLE.inputs)["out"], SAMPLE.outputs["out"], atol=1e-4) for _ in range(7)]
        assert right == [True, True, False, True, True, False, True]

    def test_a_unit_that_breaks_down_is_sound_until_its_marker_is_there(self, tmp_path: Path) -> None:
        faults = Faults.of([{"name": "breaks_down", "marker": str(tmp_path / "broken")}])
        assert not faults.of_the_unit().on("breaks_down")
        (tmp_path / "broken").touch()
        assert faults.of_the_unit().on("breaks_down")

    @pytest.mark.parametrize(
        ("fault", "error"), [("out_of_memory", DeviceOutOfMemory), ("disconnect", DeviceLost), ("crash", RuntimeError)]
    )
    def test_errors_come_while_it_runs(self, fault: str, error: type[Exception]) -> None:
        with pytest.raises(error, match=f"fault {fault} is switched on"):
            run(fault)

    def test_load_rejected_comes_at_load(self) -> None:
        with pytest.raises(LoadRejected, match="fault load_rejected is switched on"):
            NumpyDriver({"faults": ["load_rejected"]}).load(NETWORK.bundle())

    def test_integer_outputs_are_never_nan(self) -> None:
        faulty = Faults.of(["nan"]).around(lambda inputs: inputs)
        assert faulty({"labels": np.arange(3)})["labels"].tolist() == [0, 1, 2]


class TestStackAndUnit:
    @staticmethod
    def canary(fault: Any) -> Any:
        bundle = canary_bundle()
        image = np.ones((1, 1, 6, 6), np.float32)
        outputs = NumpyDriver({"faults": [fault]}).load(bundle).run({"x": image})
        return outputs["out"], run_plainly(bundle.graph, bundle.weights, {"x": image})["v3"]

    @pytest.mark.parametrize("fault", ["nan", "wrong_shape", "wrong_kernel", "stale_output", "out_of_memory", "hang"])
    def test_a_fault_of_the_stack_spares_the_canary(self, fault: str) -> None:
        found, expected = self.canary(fault)
        np.testing.assert_array_equal(found, expected)

    def test_a_bad_unit_spares_nothing(self) -> None:
        found, expected = self.canary("bad_unit")
        assert not np.array_equal(found, expected)

    def test_any_fault_can_be_one_of_the_unit(self) -> None:
        found, expected = self.canary({"name": "wrong_kernel", "op": "linear", "unit": True})
        np.testing.assert_array_equal(found, np.roll(expected, 1, axis=-1))
        with pytest.raises(DeviceOutOfMemory):
            self.canary({"name": "out_of_memory", "unit": True})
