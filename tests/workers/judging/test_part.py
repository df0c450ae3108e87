"""One node of a network as a bundle of its own."""

import numpy as np
import pytest

from farm.selftest.networks import Network as Drawn
from farm.selftest.networks import drawn
from mcore.platform.graph import Node
from mcore.platform.runtime import Program
from tests.workers.bundles import Network, branched, pyramid, run_plainly
from workers.driver import Driver
from workers.drivers.numpy import NumpyDriver
from workers.drivers.torch import TorchDriver
from workers.judging.part import is_part, part_of

BRANCHED, PYRAMID = branched(), pyramid()
NODES = [(network, node) for network in (BRANCHED, PYRAMID) for node in network.graph.nodes]
NETWORKS = [drawn(seed) for seed in range(3)]


@pytest.mark.parametrize(("network", "node"), NODES)
def test_a_node_alone_makes_what_it_makes_in_the_network(network: Network, node: Node) -> None:
    sample = network.samples[1]
    part = part_of(network.bundle(), network.graph, node, sample)
    values = run_plainly(network.graph, network.weights, sample.inputs) | dict(sample.inputs)
    assert part.outputs.keys() == set(node.outputs)
    for name, value in {**part.inputs, **part.outputs}.items():
        np.testing.assert_allclose(value, values[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [NumpyDriver, TorchDriver])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_any_driver_runs_it(kind: type[Driver], network: Drawn) -> None:
    driver = kind({})
    for node in network.graph.nodes:
        part = part_of(network.bundle(), network.graph, node, network.samples[0])
        session = driver.load(part.bundle)
        outputs = session.run(part.inputs)
        session.close()
        for name, golden in part.outputs.items():
            np.testing.assert_allclose(outputs[name], golden, rtol=1e-3, atol=1e-4)


def test_it_holds_no_weight_and_no_sample_but_its_own() -> None:
    node = BRANCHED.graph.nodes[2]
    part = part_of(BRANCHED.bundle(), BRANCHED.graph, node, BRANCHED.samples[0])
    assert part.bundle.weights.keys() == {"left.weight"}
    assert part.bundle.samples == ()
    assert part.signature == "conv2d(float32[1, 6, 16, 16], float32[4, 6, 3, 3])"
    assert is_part(part.bundle)
    assert not is_part(BRANCHED.bundle())
    assert part.bundle.manifest.identity == BRANCHED.bundle().manifest.identity


def test_what_reads_the_input_of_the_network_needs_no_run_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the network ran")

    monkeypatch.setattr(Program, "run", never)
    part = part_of(BRANCHED.bundle(), BRANCHED.graph, BRANCHED.graph.nodes[0], BRANCHED.samples[0])
    np.testing.assert_array_equal(part.inputs["x"], BRANCHED.samples[0].inputs["x"])
