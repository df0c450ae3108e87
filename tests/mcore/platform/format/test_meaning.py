"""The part of graphs and samples that is their identity: everything but where in the code it came from."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.format import graph_meaning, graph_to_bytes, sample_meaning, write_bundle
from mcore.platform.graph import Graph, Guard
from tests.mcore.platform.format.networks import H, W, moved, renamer, rich_graph, samples_of, small_graph, weights_of

GRAPHS = (small_graph(), rich_graph())
names = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)


def meaning(graph: Graph) -> str:
    return graph_meaning(graph_to_bytes(graph))


@given(st.sampled_from(GRAPHS), names, names, st.integers(1, 10_000))
def test_where_a_node_or_guard_came_from_means_nothing(graph: Graph, module: str, source: str, line: int) -> None:
    assert graph_to_bytes(moved(graph, module, source, line)) != graph_to_bytes(graph)
    assert meaning(moved(graph, module, source, line)) == meaning(graph)


def test_guards_are_a_set() -> None:
    graph = rich_graph()
    asked_again = replace(graph.guards[0], source="head (net.py:99)")
    assert meaning(replace(graph, guards=(*graph.guards[::-1], asked_again))) == meaning(graph)


@pytest.mark.parametrize(
    "change",
    [
        lambda g: replace(g, nodes=(g.nodes[0], replace(g.nodes[1], op="sigmoid"), *g.nodes[2:])),
        lambda g: replace(g, guards=(Guard(">=", H, 3),)),
        lambda g: replace(g, guards=(*g.guards, Guard(">", W, 3))),
        lambda g: replace(g, guards=()),
        lambda g: replace(g, metadata={**g.metadata, "strides": 4}),
        lambda g: replace(g, outputs={"other": g.outputs["out"], "skip": g.outputs["skip"]}),
        lambda g: replace(g, symbols={**g.symbols, "H": replace(g.symbols["H"], minimum=5)}),
        lambda g: replace(g, nodes=(*g.nodes[:-1], replace(g.nodes[-1], inputs=g.nodes[-1].inputs[::-1]))),
    ],
)
def test_everything_else_means_something(change) -> None:
    graph = small_graph()
    assert meaning(change(graph)) != meaning(graph)


def test_a_bundle_whose_code_was_moved_is_the_same_bundle(tmp_path) -> None:
    graph = small_graph()
    elsewhere = moved(graph, "renamed", "Renamed", 77)
    new = renamer(graph, "renamed")
    shown = [replace(s, digests={new(name): value for name, value in s.digests.items()}) for s in samples_of(graph)]
    written = [
        write_bundle(tmp_path / name, graph=g, weights=weights_of(graph), samples=samples)
        for name, g, samples in (("here", graph, samples_of(graph)), ("there", elsewhere, shown))
    ]
    assert written[0].identity == written[1].identity
    for file in ("graph.json", "samples/8x8.safetensors"):
        assert written[0].files[file] != written[1].files[file]


SAMPLE = samples_of(small_graph())[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, inputs={"x": s.inputs["x"] + 1}),
        lambda s: replace(s, inputs={"y": s.inputs["x"]}),
        lambda s: replace(s, inputs={"x": s.inputs["x"].astype(np.float64)}),
        lambda s: replace(s, inputs={"x": s.inputs["x"].reshape(-1)}),
        lambda s: replace(s, outputs={"out": s.outputs["skip"], "skip": s.outputs["out"]}),
        lambda s: replace(s, outputs={**s.outputs, "out": np.nextafter(s.outputs["out"], np.float32(9))}),
        lambda s: replace(s, sensitivity={**s.sensitivity, "out": 0.3}),
        lambda s: replace(s, noise_floor={}),
        lambda s: replace(s, digests=dict(list(s.digests.items())[1:])),
        lambda s: replace(s, digests={name: value * 2 for name, value in s.digests.items()}),
    ],
)
def test_all_that_a_sample_shows_means_something(change) -> None:
    assert sample_meaning(change(SAMPLE)) != sample_meaning(SAMPLE)


def test_how_a_sample_lies_in_memory_means_nothing() -> None:
    turned = replace(SAMPLE, inputs={"x": np.asfortranarray(SAMPLE.inputs["x"])})
    assert sample_meaning(turned) == sample_meaning(SAMPLE)
