"""What every driver keeps: the protocol of :mod:`workers.driver`, on networks of every form."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from tests.workers.bundles import Draft, Network, branched, deep, pyramid, run_plainly
from tests.workers.policies import FP32
from workers.canary import canary_bundle, canary_failure
from workers.driver import Driver
from workers.drivers import DRIVERS, make_driver
from workers.drivers.command import CommandDriver
from workers.judging.compare import compare_outputs
from workers.judging.localise import distance
from workers.outcome import Outcome
from workers.replay import replay

NETWORKS = {"branched": branched, "pyramid": pyramid, "deep": deep}
#: What of the drivers is imported from elsewhere: without it, a driver is not tested here.
NEEDS = {"torch": ("torch",), "onnxruntime": ("onnx", "onnxruntime"), "openvino": ("onnx", "workers.drivers.openvino")}
PROFILES: list[tuple[str, dict[str, Any]]] = [
    ("numpy", {}),
    ("numpy", {"mode": "exact"}),
    ("numpy", {"mode": "fast", "threads": 2}),
    ("numpy", {"mode": "reference", "precision": "float32"}),
    ("torch", {}),
    ("torch", {"device": "cpu", "precision": "float32"}),
    ("torch", {"device": "cuda"}),
    ("onnxruntime", {}),
    ("onnxruntime", {"threads": 2, "optimization": "none"}),
    ("openvino", {}),
    ("openvino", {"threads": 2, "precision": "float32"}),
    ("command", {"command": [sys.executable, "-m", "workers.reference_command"]}),
]


@pytest.fixture(params=PROFILES, ids=lambda p: " ".join([p[0], *(str(v).rpartition(" ")[2] for v in p[1].values())]))
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    name, profile = request.param
    needed = [pytest.importorskip(library) for library in NEEDS.get(name, ())]
    if name != "torch":
        yield make_driver(name, profile)
        return
    (torch,) = needed
    if profile.get("device") == "cuda" and not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device")
    threads = torch.get_num_threads()
    yield make_driver(name, profile)
    torch.set_num_threads(threads)


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest, driver: Driver) -> Network:
    if isinstance(driver, CommandDriver) and request.param != "branched":
        pytest.skip("each run of a command is a process: one network is enough")
    return NETWORKS[request.param]()


def test_every_driver_is_tested() -> None:
    assert {name for name, _ in PROFILES} == set(DRIVERS)


def test_golden_outputs_are_met_at_every_size(driver: Driver, network: Network) -> None:
    session = driver.load(network.bundle())
    for sample in network.samples:
        compared = compare_outputs(session.run(sample.inputs), sample.outputs, FP32)
        assert compared.outcome is Outcome.PASS, compared.message
    session.close()


def test_a_run_leaves_its_inputs_and_earlier_outputs_alone(driver: Driver) -> None:
    network = branched()
    session = driver.load(network.bundle())
    first, second = network.samples[0], network.samples[1]
    inputs = {name: value.copy() for name, value in first.inputs.items()}
    outputs = session.run(inputs)
    kept = {name: value.copy() for name, value in outputs.items()}
    session.run({name: value + 1 for name, value in first.inputs.items()})
    session.run(second.inputs)
    assert_same(inputs, first.inputs)
    assert_same(outputs, kept)
    assert_same(session.run(inputs), kept)
    session.close()


def test_inputs_may_be_read_only_or_not_contiguous(driver: Driver) -> None:
    network = branched()
    session = driver.load(network.bundle())
    sample = network.samples[1]
    strided = {name: np.asfortranarray(value) for name, value in sample.inputs.items()}
    for value in strided.values():
        value.flags.writeable = False
    assert compare_outputs(session.run(strided), sample.outputs, FP32).outcome is Outcome.PASS
    session.close()


def test_an_input_of_no_dimensions_keeps_its_shape(driver: Driver) -> None:
    draft = Draft({"x": 3, "scale": 1})
    draft.types["scale"] = TensorType(DType.FLOAT32, ())
    network = draft.network(out=draft.node("mul", "x", "scale"))
    session = driver.load(network.bundle())
    sample = network.samples[0]
    inputs = {name: np.asarray(value) for name, value in sample.inputs.items()}
    assert inputs["scale"].shape == ()
    assert compare_outputs(session.run(inputs), sample.outputs, FP32).outcome is Outcome.PASS
    session.close()


def test_inner_values_are_fetched_under_their_names(driver: Driver, network: Network) -> None:
    sample = network.samples[1]
    names = list(dict.fromkeys([*list(sample.digests)[::3], *network.graph.outputs.values()]))
    session = driver.load(network.bundle(), fetch=names)
    found = session.run(sample.inputs)
    session.close()
    golden = run_plainly(network.graph, network.weights, sample.inputs)
    assert set(found) == set(names)
    for name in names:
        assert found[name].shape == golden[name].shape
        assert distance(found[name], sample.digests[name]) < 1e-4


def test_two_sessions_do_not_mix(driver: Driver) -> None:
    networks = [branched(), deep(6)]
    sessions = [driver.load(network.bundle()) for network in networks]
    for turn in range(2):
        for network, session in zip(networks, sessions, strict=True):
            sample = network.samples[turn]
            assert compare_outputs(session.run(sample.inputs), sample.outputs, FP32).outcome is Outcome.PASS
    for session in sessions:
        session.close()


def test_the_fingerprint_is_of_texts_and_stays(driver: Driver) -> None:
    fingerprint = driver.fingerprint()
    assert {"driver", "precision"} <= fingerprint.keys()
    assert all(isinstance(text, str) and text for text in [*fingerprint, *fingerprint.values()])
    assert fingerprint == driver.fingerprint()


def test_the_canary_lives(driver: Driver) -> None:
    assert canary_failure(driver) == ""
    assert list(driver.unsupported(canary_bundle().graph)) == []


def test_a_replay_passes_with_every_case_and_figure(driver: Driver, network: Network) -> None:
    measure = not isinstance(driver, CommandDriver)  # each run is a process
    replayed = replay(driver, network.bundle(), FP32, lambda message: None, measure=measure)
    assert replayed.finding.outcome is Outcome.PASS, replayed.finding.message
    assert [case.sample for case in replayed.cases] == [sample.name for sample in network.samples]
    assert all({e.output for e in case.tensors} == set(network.graph.outputs) for case in replayed.cases)
    assert replayed.load_ms is not None


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_an_unknown_key_of_the_profile_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=rf"profile of driver '{name}': there is no key 'colour'; it has .*precision"):
        make_driver(name, {"colour": "red"})


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_a_precision_that_it_does_not_compute_in_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"precision: .*float32.*, not (in )?'float80'"):
        make_driver(name, {"precision": "float80"})


def test_an_unknown_driver_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=f"no driver 'abacus'; there are {', '.join(sorted(DRIVERS))}$"):
        make_driver("abacus", {})


@pytest.mark.parametrize(
    ("name", "entered", "said"),
    [
        ("numpy", "NumbyDriver", "^workers/drivers/numpy.py has no class 'NumbyDriver', which DRIVERS names$"),
        ("abacus", "AbacusDriver", "^there is no workers/drivers/abacus.py, which DRIVERS names$"),
    ],
)
def test_a_driver_that_is_entered_and_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, entered: str, said: str
) -> None:
    monkeypatch.setitem(DRIVERS, name, entered)
    with pytest.raises(ImportError, match=said):
        make_driver(name, {})


def assert_same(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value)
