"""Where two bundles first differ: every part, every kind of difference, and nothing where there is none."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.bundle import Bundle
from mcore.platform.dtypes import DType
from mcore.platform.format.canonical import line
from mcore.platform.format.difference import first_difference, first_json_difference
from mcore.platform.graph import Node
from tests.mcore.platform.format.networks import moved, renamer, rich_graph, samples_of, weights_of
from tests.workers.bundles import branched

BUNDLE = branched().bundle()
GRAPH = BUNDLE.graph


def with_node(index: int, **changes: Any) -> Bundle:
    nodes = list(GRAPH.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(BUNDLE, graphs=(replace(GRAPH, nodes=tuple(nodes)),))


def with_weight(name: str, array: np.ndarray) -> Bundle:
    return replace(BUNDLE, weights={**BUNDLE.weights, name: array})


def with_sample(**changes: Any) -> Bundle:
    first, *rest = BUNDLE.samples
    return replace(BUNDLE, samples=(replace(first, **changes), *rest))


def edited(array: np.ndarray, **places: Any) -> np.ndarray:
    """A copy with the element at ``at`` set ``to``."""
    found = array.copy()
    found[places["at"]] = places["to"]
    return found


def test_a_bundle_is_no_different_from_its_copy() -> None:
    assert first_difference(BUNDLE, copy.deepcopy(BUNDLE)) is None
    other = replace(BUNDLE, manifest=replace(BUNDLE.manifest, commit="b" * 40, architecture="another"))
    assert first_difference(BUNDLE, other) is None


def test_an_attribute_is_named_by_its_path() -> None:
    high, broad = ({"padding": way, "dilation": way} for way in ((2, 1), (1, 2)))
    assert first_difference(with_node(0, attributes=high), with_node(0, attributes=broad)) == (
        "graph.json: nodes[0].attributes.dilation[0]: 2 and 1"
    )
    assert first_difference(BUNDLE, with_node(0, attributes=high)) == (
        "graph.json: nodes[0].attributes.dilation: only in the second"
    )
    assert first_difference(BUNDLE, with_node(1, module="elsewhere")) == (
        'graph.json: nodes[1].module: "stem.act" and "elsewhere"'
    )


def test_nodes_that_one_graph_has_more_are_counted() -> None:
    nodes = (*GRAPH.nodes, Node("relu", ("v7",), ("v8",), {}, "", "ReLU"))
    longer = replace(GRAPH, nodes=nodes, types={**GRAPH.types, "v8": GRAPH.types["v7"]})
    assert first_difference(BUNDLE, replace(BUNDLE, graphs=(longer,))) == "graph.json: nodes: 8 and 9 entries"
    assert first_difference(BUNDLE, replace(BUNDLE, graphs=(GRAPH, GRAPH))) == "1 and 2 graphs"


def test_the_second_graph_is_called_by_its_file() -> None:
    two = replace(BUNDLE, graphs=(GRAPH, GRAPH))
    changed = replace(two, graphs=(GRAPH, with_node(1, source="Relu6").graph))
    assert first_difference(two, changed) == 'graph.1.json: nodes[1].source: "Relu" and "Relu6"'


def test_elements_of_a_weight_are_counted_and_the_first_is_shown() -> None:
    weight = np.zeros((6, 3, 3, 3), np.float32)
    several = edited(edited(weight, at=(1, 0, 2, 2), to=0.5), at=(5, 2, 2, 2), to=1)
    assert first_difference(with_weight("stem.weight", several), with_weight("stem.weight", weight)) == (
        "weights: stem.weight: 2 of 162 elements differ, first at [1, 0, 2, 2]: 0.5 and 0.0"
    )
    many = np.zeros((2000,), np.float32)
    assert first_difference(with_weight("stem.weight", many), with_weight("stem.weight", many + 1)) == (
        "weights: stem.weight: 2,000 of 2,000 elements differ, first at [0]: 0.0 and 1.0"
    )


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (np.float32(0.0), np.float32(-0.0), "1 of 1 elements differ, first at []: 0.0 and -0.0"),
        (np.float32(np.nan), np.float32(np.nan), None),
        (np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), None),
        (np.zeros(2, np.float32), np.zeros(2, np.int64), "float32[2] and int64[2]"),
        (np.zeros((2, 1), np.float32), np.zeros((1, 2), np.float32), "float32[2, 1] and float32[1, 2]"),
        (
            DType.BFLOAT16.cast(np.float32([1, 1])),
            DType.BFLOAT16.cast(np.float32([1, 2])),
            "1 of 2 elements differ, first at [1]: 1.0 and 2.0",
        ),
        (np.array([True]), np.array([False]), "1 of 1 elements differ, first at [0]: True and False"),
    ],
)
def test_elements_are_compared_by_their_bytes(one: np.ndarray, other: np.ndarray, said: str | None) -> None:
    found = first_difference(with_weight("w", np.asarray(one)), with_weight("w", np.asarray(other)))
    assert found == (said and f"weights: w: {said}")


def test_a_weight_that_one_side_lacks() -> None:
    assert first_difference(BUNDLE, with_weight("extra", np.zeros(1))) == "weights: extra: only in the second"
    assert first_difference(with_weight("extra", np.zeros(1)), BUNDLE) == "weights: extra: only in the first"


def test_a_sample_is_named_by_its_size_and_the_tensor_by_its_group() -> None:
    (first, *rest), place = BUNDLE.samples, (0, 0, 0, 0)
    for group, called, name in (("inputs", "input", "x"), ("outputs", "output", "out")):
        old = dict(getattr(first, group))
        found = first_difference(
            BUNDLE, with_sample(**{group: {**old, name: edited(old[name], at=place, to=old[name][place] + 1)}})
        )
        assert found is not None
        assert found.startswith(f"samples/16x16: {called} '{name}': 1 of {old[name].size:,} elements differ, first at")
    digests = {**first.digests, "v3": edited(first.digests["v3"], at=2, to=9.0)}
    found = first_difference(with_sample(digests=digests), BUNDLE)
    assert found is not None
    assert found.startswith("samples/16x16: digest of 'v3': 1 of 5 elements differ, first at [2]: 9.0 and")
    assert first_difference(BUNDLE, replace(BUNDLE, samples=tuple(rest))) == "samples/16x16: only in the first"


def test_figures_of_a_sample_count_as_well() -> None:
    found = first_difference(with_sample(sensitivity={"out": 0.5, "stem": 0.5}), with_sample(sensitivity={"out": 0.5}))
    assert found == "samples/16x16: sensitivity of stem: only in the first"
    found = first_difference(with_sample(noise_floor={"out": 0.5}), with_sample(noise_floor={"out": 0.25}))
    assert found == "samples/16x16: noise_floor of out: 0.5 and 0.25"


def test_the_graph_is_told_before_weights_and_weights_before_samples() -> None:
    graph, weights, samples = (
        with_node(2, attributes={"dilation": (2, 2), "padding": (2, 2)}).graphs,
        with_weight("extra", np.zeros(1)).weights,
        with_sample(sensitivity={}).samples,
    )
    moved = with_node(1, module="elsewhere", attributes={}).graphs
    every = replace(BUNDLE, graphs=graph, weights=weights, samples=samples)
    assert "nodes[2]" in str(first_difference(BUNDLE, every))
    assert "extra" in str(first_difference(BUNDLE, replace(every, graphs=moved)))  # where it comes from is told last
    assert "extra" in str(first_difference(BUNDLE, replace(BUNDLE, weights=weights, samples=samples)))


class TestOfABundleWhoseCodeWasMoved:
    """Names of values, where guards were asked for and their order are no part of what a bundle is."""

    graph = rich_graph()
    here = replace(BUNDLE, graphs=(graph,), weights=weights_of(graph), samples=tuple(samples_of(graph)))

    def there(self) -> Bundle:
        again = moved(self.graph, "renamed", "Renamed", 77)
        asked = replace(self.graph.guards[0], source="head (net.py:99)")
        new = renamer(self.graph, "renamed")
        samples = [replace(s, digests={new(n): value for n, value in s.digests.items()}) for s in self.here.samples]
        graphs = (replace(again, guards=(*again.guards[::-1], asked)),)
        return replace(self.here, graphs=graphs, samples=tuple(samples))

    def test_a_weight_is_told_before_what_is_called_otherwise(self) -> None:
        name, weight = next((n, w) for n, w in self.here.weights.items() if w.dtype == np.float32)
        place = (0,) * weight.ndim
        there = replace(
            self.there(), weights={**self.here.weights, name: edited(weight, at=place, to=weight[place] + 1)}
        )
        found = first_difference(self.here, there)
        assert found is not None
        assert found.startswith(f"weights: {name}: 1 of {weight.size:,} elements differ, first at {list(place)}: ")

    def test_a_digest_is_told_by_the_first_name_of_its_value(self) -> None:
        there = self.there()
        (name, value), *_ = self.here.samples[0].digests.items()
        digests = {**there.samples[0].digests, f"renamed.{name}": edited(value, at=2, to=-9.0)}
        there = replace(there, samples=(replace(there.samples[0], digests=digests), *there.samples[1:]))
        found = first_difference(self.here, there)
        assert found == (
            f"samples/{there.samples[0].name}: digest of {name!r}: "
            f"1 of 5 elements differ, first at [2]: {value[2]} and -9.0"
        )

    def test_what_it_computes_is_told_before_what_is_called_otherwise(self) -> None:
        there = self.there()
        (graph,) = there.graphs
        changed = replace(graph, symbols={**graph.symbols, "H": replace(graph.symbols["H"], minimum=5)})
        found = first_difference(self.here, replace(there, graphs=(changed,)))
        assert found == f"graph.json: symbols.H.minimum: {self.graph.symbols['H'].minimum} and 5"

    def test_a_guard_that_one_graph_lacks_is_counted(self) -> None:
        there = self.there()
        (graph,) = there.graphs
        fewer = replace(graph, guards=())
        found = first_difference(self.here, replace(there, graphs=(fewer,)))
        assert found == f"graph.json: guards: {len(self.graph.guards)} and 0 entries"

    def test_the_names_are_told_where_nothing_else_differs(self) -> None:
        first = self.graph.nodes[0]
        assert first_difference(self.here, self.there()) == (
            f'graph.json: nodes[0].module: {line(first.module)} and "renamed0"'
        )


def test_long_values_are_cut() -> None:
    found = first_json_difference({"a": "x" * 1000}, {"a": "y"})
    assert found is not None
    assert len(found) < 100
    assert found.endswith('… and "y"')


def test_keys_can_be_looked_at_first() -> None:
    one, other = {"a": 1, "z": 1}, {"a": 2, "z": 2}
    assert first_json_difference(one, other) == "a: 1 and 2"
    assert first_json_difference(one, other, ["missing", "z"]) == "z: 1 and 2"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN, PLAIN)
def test_plain_data_differs_where_its_text_does(one: Any, other: Any) -> None:
    assert (first_json_difference(one, other) is None) == (line(one) == line(other))
    assert first_json_difference(one, copy.deepcopy(one)) is None
