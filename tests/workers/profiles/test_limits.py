"""Op limits, memory and speed of the simulated device."""

import time
from typing import Any

import numpy as np
import pytest

from tests.workers.bundles import branched
from workers.canary import canary_failure
from workers.driver import DeviceOutOfMemory, LoadRejected
from workers.drivers.numpy import NumpyDriver
from workers.profiles.limits import memory_needed, slowed

NETWORK = branched()


def lacking(**limits: Any) -> list[str]:
    return list(NumpyDriver({"op_limits": {"conv2d": limits}}).unsupported(NETWORK.graph))


class TestOps:
    @pytest.mark.parametrize(
        ("limits", "found"),
        [
            ({}, []),
            ({"max_kernel": 3}, []),
            ({"max_kernel": 2}, ["conv2d: kernel larger than 2"]),
            ({"channels_multiple_of": 1}, []),
            ({"channels_multiple_of": 8}, ["conv2d: channels that are no multiple of 8"]),
            ({"max_rank": 4}, []),
            ({"max_rank": 3}, ["conv2d: rank above 3"]),
            ({"max_kernel": 1, "max_rank": 1}, ["conv2d: kernel larger than 1", "conv2d: rank above 1"]),
        ],
    )
    def test_what_is_beyond_a_limit_is_told_once_with_the_reason(
        self, limits: dict[str, int], found: list[str]
    ) -> None:
        assert lacking(**limits) == found

    def test_limits_of_an_op_that_the_network_lacks_do_not_matter(self) -> None:
        driver = NumpyDriver({"op_limits": {"conv3d": {"max_rank": 1}}, "missing_ops": ["tanh"]})
        assert driver.unsupported(NETWORK.graph) == ["tanh"]


class TestMemory:
    def test_it_is_that_of_the_weights_and_of_the_largest_node(self) -> None:
        weights = sum(value.nbytes for value in NETWORK.weights.values())
        largest = (6 + 6) * 16 * 16 * 4  # relu v1 of v0
        cat = (4 + 5 + 9) * 16 * 16 * 4
        assert memory_needed(NETWORK.graph, {"x": (1, 3, 16, 16)}) == weights + max(largest, cat)

    def test_a_size_that_needs_more_is_out_of_memory_and_a_smaller_one_runs(self) -> None:
        small, large = NETWORK.samples[2], NETWORK.samples[1]
        needed = memory_needed(NETWORK.graph, {"x": small.inputs["x"].shape})
        session = NumpyDriver({"memory_mib": needed / 2**20}).load(NETWORK.bundle())
        np.testing.assert_allclose(session.run(small.inputs)["out"], small.outputs["out"], atol=1e-4)
        with pytest.raises(DeviceOutOfMemory, match="MiB are needed, the device has"):
            session.run(large.inputs)

    def test_the_canary_fits_a_small_device(self) -> None:
        assert canary_failure(NumpyDriver({"memory_mib": 0.01})) == ""


class TestWidth:
    def test_another_width_is_refused_at_that_size_alone(self) -> None:
        driver = NumpyDriver({"width_multiple_of": 4})
        session = driver.load(NETWORK.bundle())
        assert [sample.name for sample in NETWORK.samples] == ["16x16", "12x20", "13x17"]
        for sample in NETWORK.samples[:2]:
            np.testing.assert_allclose(session.run(sample.inputs)["out"], sample.outputs["out"], atol=1e-4)
        with pytest.raises(LoadRejected, match="x is 17 wide, which is no multiple of 4"):
            session.run(NETWORK.samples[2].inputs)

    def test_the_canary_is_spared(self) -> None:
        assert canary_failure(NumpyDriver({"width_multiple_of": 64})) == ""


def test_a_slow_device_takes_so_much_longer() -> None:
    def run(inputs: Any) -> Any:
        time.sleep(0.02)
        return inputs

    started = time.perf_counter()
    slowed(run, 0.25)({})
    assert 0.08 <= time.perf_counter() - started < 2
    assert slowed(run, 1.0) is run


class TestProfile:
    @pytest.mark.parametrize(
        ("profile", "message"),
        [
            ({"precision": "int4"}, "precision: the simulated device has float32, float16, bfloat16, int8, not 'int4'"),
            ({"precision": ["float16"]}, "precision: the simulated device has "),
            ({"op_limits": ["conv2d"]}, "op_limits: must be a mapping of op to limits"),
            ({"op_limits": {"conv9d": {}}}, "op_limits: no op 'conv9d'"),
            ({"op_limits": {"conv2d": 7}}, "op_limits: conv2d needs a mapping of limits, not 7"),
            (
                {"op_limits": {"conv2d": {"kernel": 7}}},
                "op_limits: conv2d has no limit 'kernel'; there are max_kernel, ",
            ),
            (
                {"op_limits": {"conv2d": {"max_kernel": 0}}},
                "op_limits: max_kernel of conv2d must be a number from 1 on",
            ),
            ({"memory_mib": 0}, "memory_mib: must be a number above 0, not 0"),
            ({"memory_mib": True}, "memory_mib: must be a number above 0, not True"),
            ({"width_multiple_of": 0}, "width_multiple_of: must be a whole number from 1 on, not 0"),
            ({"width_multiple_of": 1.5}, "width_multiple_of: must be a whole number from 1 on, not 1.5"),
            ({"speed": 2}, "speed: must be a number above 0, 1 at most, not 2"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_its_key(self, profile: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=r"^\w+: ") as raised:
            NumpyDriver(profile)
        assert str(raised.value).startswith(message)

    def test_the_fingerprint_tells_devices_apart(self) -> None:
        profiles: list[dict[str, Any]] = [
            {},
            {"precision": "float16"},
            {"op_limits": {"conv2d": {"max_kernel": 3}}},
            {"memory_mib": 4},
            {"width_multiple_of": 8},
            {"speed": 0.5},
        ]
        prints = [tuple(sorted(NumpyDriver(profile).fingerprint().items())) for profile in profiles]
        assert len(set(prints)) == len(prints)
