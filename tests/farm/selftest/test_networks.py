"""Networks drawn from a seed."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.selftest.networks import drawn
from mcore.platform.format import read_bundle
from workers.judging.evidence import MIN_SAMPLES, lacks
from workers.policy import Policy

POLICY = Policy("any", 1, "float32", 2e-4, 1e-4, 75.0, 0.99999)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(3, 40))
def test_any_seed_gives_a_network_that_can_prove_something(seed: int, nodes: int) -> None:
    network = drawn(seed, nodes=nodes)
    assert len(network.samples) >= MIN_SAMPLES
    assert len(network.graph.nodes) >= nodes
    for sample in network.samples:
        assert sample.digests.keys() == {name for node in network.graph.nodes for name in node.outputs}
        assert all(np.isfinite(value).all() for value in sample.outputs.values())
        assert lacks(sample, POLICY) == ""


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_every_value_leads_to_an_output(seed: int) -> None:
    graph = drawn(seed).graph
    assert graph.fetching(list(graph.outputs.values())).nodes == graph.nodes


def test_networks_have_branches_and_skips() -> None:
    read = [name for seed in range(5) for node in drawn(seed).graph.nodes for name in node.inputs]
    assert max(map(read.count, set(read))) > 2
    assert {node.op for seed in range(5) for node in drawn(seed).graph.nodes} >= {"add", "cat", "max_pool2d", "linear"}


def test_the_same_seed_gives_the_same_bundle(tmp_path: Path) -> None:
    identities = [drawn(7).write(tmp_path / name) for name in ("one", "two")]
    assert identities[0] == identities[1] != drawn(8).write(tmp_path / "three")
    assert str(read_bundle(tmp_path / "one").manifest.identity) == identities[0]
