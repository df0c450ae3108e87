"""What is read off a bundle: which sizes its network takes, and how much activation each needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from farm.conditions.measure import FixedSizesError, Measured
from mcore.platform.dims import substitute, symbol
from mcore.platform.graph import Graph, Symbol, TensorType
from tests.workers.bundles import Network, branched
from workers.profiles.limits import memory_needed


def test_activation_is_what_a_device_of_little_memory_counts() -> None:
    """But for the weights, which are there at every size."""
    network = branched()
    measured = Measured(network.bundle())
    weights = sum(value.nbytes for value in network.weights.values())
    for sample in network.samples:
        shapes = {name: value.shape for name, value in sample.inputs.items()}
        assert measured.samples[sample.name].activation_bytes == memory_needed(network.graph, shapes) - weights
    assert [str(size) for size in measured.samples.values()] == ["16x16", "12x20, batch 2", "13x17"]
    assert measured.measure(2, 12, 20) == measured.samples["12x20"]


def test_the_legal_sizes_are_those_of_the_graph() -> None:
    network = branched()
    legal = Measured(network.bundle()).legal
    sides = [network.graph.symbols[axis] for axis in ("H", "W")]
    assert (legal.unit, legal.minimum) == (1, max(side.minimum for side in sides))
    assert legal.batches
    assert legal.measure(1, legal.minimum, legal.minimum) is not None
    assert legal.measure(1, legal.maximum + 1, legal.minimum) is None


def test_steps_of_a_network_that_divides_its_input_are_counted_in_elements() -> None:
    network = branched(sizes=((1, 16, 16), (2, 12, 20), (1, 24, 28)))
    graph = network.graph
    fours = {axis: symbol(axis) * 4 for axis in ("H", "W")}
    stepped = replace(
        graph,
        inputs={name: _scaled(kind, fours) for name, kind in graph.inputs.items()},
        types={name: _scaled(kind, fours) for name, kind in graph.types.items()},
        symbols={**graph.symbols, "H": Symbol("H", 2, 100), "W": Symbol("W", 3, 90)},
    )
    measured = Measured(Network(stepped, network.weights, network.samples).bundle())
    assert (measured.legal.unit, measured.legal.minimum, measured.legal.maximum) == (4, 12, 360)
    assert measured.samples == Measured(network.bundle()).samples


def _scaled(kind: TensorType, by: dict) -> TensorType:
    return replace(kind, shape=tuple(substitute(dim, by) for dim in kind.shape))


def test_a_network_of_fixed_sizes_has_no_others() -> None:
    network = branched(sizes=((1, 16, 16),))
    sizes = {"H": 16, "W": 16}
    graph = network.graph
    fixed: Graph = replace(
        graph,
        inputs={name: _scaled(kind, sizes) for name, kind in graph.inputs.items()},
        types={name: _scaled(kind, sizes) for name, kind in graph.types.items()},
        symbols={"N": graph.symbols["N"]},
    )
    with pytest.raises(FixedSizesError, match="a side of its inputs is a number in the graph"):
        Measured(Network(fixed, network.weights, network.samples).bundle())
