"""The canary: it lives on a sound device in every precision, and dies of whatever is wrong with a unit."""

from collections.abc import Callable

import numpy as np
import pytest

from mcore.platform.format import check_graph
from tests.workers.bundles import branched, run_plainly
from tests.workers.fakes import FakeDriver, FakeSession, Inputs, Outputs, always, interpret
from workers.canary import canary_bundle, canary_failure, golden, is_canary
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected
from workers.drivers.numpy import NumpyDriver


def test_it_is_a_well_formed_network() -> None:
    bundle = canary_bundle()
    check_graph(bundle.graph)
    assert is_canary(bundle)
    assert not is_canary(branched().bundle())


def test_its_expected_values_are_those_of_the_plain_kernels() -> None:
    bundle = canary_bundle()
    image = np.random.default_rng(0).integers(-3, 4, (1, 1, 6, 6)).astype(np.float32)
    values = run_plainly(bundle.graph, bundle.weights, {"x": image})
    np.testing.assert_array_equal(values["v3"], golden(image))


@pytest.mark.parametrize("driver", [FakeDriver(), NumpyDriver({}), NumpyDriver({"mode": "exact"})])
def test_it_lives_on_a_sound_device(driver: FakeDriver) -> None:
    assert canary_failure(driver) == ""


def test_it_lives_on_a_device_that_rounds_to_float16() -> None:
    def coarse(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
        return {name: value.astype(np.float16).astype(np.float32) for name, value in outputs.items()}

    assert canary_failure(FakeDriver(on_run=coarse)) == ""


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value + 10,
        lambda value: -value,
        lambda value: np.zeros_like(value),
        lambda value: np.full_like(value, np.nan),
        lambda value: np.roll(value, 1, axis=-1),
        lambda value: value[..., :-1],
        lambda value: value.astype(np.float64),
    ],
)
def test_it_dies_of_wrong_values(spoil: Callable[[np.ndarray], np.ndarray]) -> None:
    def sick(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
        return {name: spoil(value) for name, value in outputs.items()}

    failure = canary_failure(FakeDriver(on_run=sick))
    assert failure.startswith("output 'out'")
    assert "\n" not in failure


@pytest.mark.parametrize("value", ["v0", "v1", "v2", "v3"])
@pytest.mark.parametrize("spoil", [lambda value: np.roll(value, 1, axis=1), np.zeros_like, np.negative])
def test_it_depends_on_each_of_its_layers(value: str, spoil: Callable[[np.ndarray], np.ndarray]) -> None:
    def sick(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
        return interpret(session.graphs[0], session.bundle.weights, inputs, {value: spoil})

    assert canary_failure(FakeDriver(on_run=sick)) != ""


def test_it_dies_on_a_device_that_gives_back_what_it_computed_before() -> None:
    first: list[Outputs] = []

    def stale(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
        first.append(outputs)
        return first[0]

    assert canary_failure(FakeDriver(on_run=stale)).startswith("output 'out'")


def test_a_missing_output_is_a_failure() -> None:
    assert canary_failure(FakeDriver(on_run=lambda *_: {})) == "output 'out' is missing"


@pytest.mark.parametrize("error", [LoadRejected("no"), DeviceOutOfMemory("no"), DeviceLost("no")])
@pytest.mark.parametrize("when", ["on_load", "on_run"])
def test_what_the_device_says_is_the_failure(error: Exception, when: str) -> None:
    driver = FakeDriver(**{when: always(error)})  # type: ignore[arg-type]
    assert canary_failure(driver) == f"{type(error).__name__}: no"
    assert all(session.closed for session in driver.sessions)


def test_a_device_without_one_of_its_ops_is_not_judged_by_it() -> None:
    driver = FakeDriver(lacks=("flatten",))
    assert canary_failure(driver) == ""
    assert driver.ran == []


def test_the_session_is_closed() -> None:
    driver = FakeDriver()
    canary_failure(driver)
    assert [session.closed for session in driver.sessions] == [True]
