"""A network that branches on the size of its input, on every device: each sample runs on the graph of its size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcore.platform.bundle import Bundle
from mcore.platform.format import read_bundle, write_bundle
from mcore.platform.graph import Graph, Guard
from tests.workers.bundles import Draft, H, Network
from tests.workers.policies import FP32
from workers.driver import Driver, LoadRejected
from workers.drivers import make_driver
from workers.drivers.numpy import NumpyDriver
from workers.judging.localise import first_divergent_layer
from workers.outcome import Outcome
from workers.replay import replay

SMALL = ((2, 12, 20), (1, 13, 17))
LARGE = ((1, 16, 16),)


def branch(relation: str, op: str, sizes: tuple[tuple[int, int, int], ...]) -> Network:
    """A stem that both branches have, an activation of their own, and a head."""
    draft = Draft({"x": 3})
    stem = draft.conv("x", 6, "stem")
    network = draft.network(sizes, out=draft.conv(draft.node(op, stem, module="act"), 4, "head"))
    return replace(network, graph=replace(network.graph, guards=(Guard(relation, H, 14, "net.py: if h > 14:"),)))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    large, small = branch(">", "tanh", LARGE), branch("<=", "sigmoid", SMALL)
    folder: Path = tmp_path_factory.mktemp("branching") / "net"
    write_bundle(
        folder, graph=(large.graph, small.graph), weights=large.weights, samples=(*large.samples, *small.samples)
    )
    return read_bundle(folder)


@pytest.fixture(params=["numpy", "torch"])
def driver(request: pytest.FixtureRequest) -> Driver:
    return make_driver(request.param, {})


def test_every_sample_passes_on_its_graph(driver: Driver, bundle: Bundle) -> None:
    replayed = replay(driver, bundle, FP32, lambda message: None)
    assert replayed.finding.outcome is Outcome.PASS, replayed.finding.message
    assert len(replayed.cases) == 3


def test_inner_values_are_those_of_the_graph_that_takes_the_input(driver: Driver, bundle: Bundle) -> None:
    graphs: tuple[Graph, ...] = bundle.graphs
    assert [graph.nodes[1].op for graph in graphs] == ["tanh", "sigmoid"]
    session = driver.load(bundle, fetch=["v1"])
    for sample in bundle.samples:
        values = session.run(sample.inputs)["v1"]
        assert bool((values < 0).any()) == (bundle.graph_for(sample.inputs) is graphs[0])
    session.close()


@pytest.mark.parametrize(("op", "sample"), [("tanh", "16x16"), ("sigmoid", "12x20")])
def test_a_wrong_kernel_is_found_in_the_graph_that_has_it(op: str, sample: str, bundle: Bundle) -> None:
    driver = NumpyDriver({"faults": [{"name": "wrong_kernel", "op": op}]})
    wrong = {
        case.sample
        for case in replay(driver, bundle, FP32, lambda message: None).cases
        if case.outcome is not Outcome.PASS
    }
    assert wrong == ({"16x16"} if op == "tanh" else {"12x20", "13x17"})
    chosen = next(s for s in bundle.samples if s.name == sample)
    found = first_divergent_layer(driver, bundle, chosen, FP32)
    assert found is not None
    assert (found.value, found.op, found.module, found.introduced_here) == ("v1", op, "act", True)


def test_an_op_that_any_graph_needs_is_missed(bundle: Bundle) -> None:
    replayed = replay(NumpyDriver({"missing_ops": ["sigmoid"]}), bundle, FP32, lambda message: None)
    assert replayed.unsupported == ("sigmoid",)


def test_a_size_that_no_graph_takes_is_rejected_with_what_each_needs(bundle: Bundle) -> None:
    (large, small) = bundle.graphs
    narrow = replace(bundle, graphs=(large, replace(small, guards=(Guard("==", H, 12, "net.py: if h == 12:"),))))
    session = NumpyDriver({}).load(narrow)
    sample = next(s for s in bundle.samples if s.name == "13x17")
    with pytest.raises(LoadRejected, match=r"none of the 2 graphs .* needs H > 14 .* needs H == 12"):
        session.run(sample.inputs)
