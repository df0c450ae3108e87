"""Indices of rankings: ties may come in any order, and nothing else may."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, TensorType
from mcore.platform.ops import registry
from tests.workers.policies import FP32
from workers.judging.compare import compare_outputs
from workers.judging.rankings import by_value, rankings_of
from workers.outcome import Outcome

VALUES = np.array([[0.5, 2.0, 2.00001, -1.0, 0.0], [3.0, 1.0, 1.0, 1.00001, 2.9]], np.float32)


def graph(op: str, **attributes: object) -> Graph:
    kind = TensorType(DType.FLOAT32, VALUES.shape)
    made = registry.get(op).types([kind], attributes)
    names = [f"v{i}" for i in range(len(made))]
    return Graph(
        inputs={"x": kind},
        outputs={f"out{i}": name for i, name in enumerate(names)},
        nodes=(Node(op, ("x",), tuple(names), attributes),),
        weights={},
        types={"x": kind, **dict(zip(names, made, strict=True))},
    )


def golden(op: str, **attributes: object) -> dict[str, np.ndarray]:
    made = registry.get(op).compute([VALUES], attributes)
    return {f"out{i}": np.asarray(value) for i, value in enumerate(made)}


def outcome(network: Graph, value: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> Outcome:
    found, known = by_value(value, wanted, rankings_of(network), {"x": VALUES}.__getitem__)
    return compare_outputs(found, known, FP32).outcome


CASES = [
    ("topk", {"k": 3, "dim": 1}, 1),
    ("sort", {"dim": 1, "descending": True}, 1),
    ("argsort", {"dim": 1, "descending": True}, 0),
    ("argmax", {"dim": 1}, 0),
    ("argmax", {"dim": 1, "keepdim": True}, 0),
    ("argmin", {"dim": 0}, 0),
    ("argmax", {}, 0),
]


@pytest.mark.parametrize(("op", "attributes", "position"), CASES)
def test_which_outputs_are_indices(op: str, attributes: dict[str, object], position: int) -> None:
    (ranking,) = rankings_of(graph(op, **attributes))
    assert (ranking.output, ranking.ranked) == (f"out{position}", "x")


@pytest.mark.parametrize(("op", "attributes", "position"), CASES)
def test_the_golden_passes_as_it_is(op: str, attributes: dict[str, object], position: int) -> None:
    wanted = golden(op, **attributes)
    assert outcome(graph(op, **attributes), wanted, wanted) is Outcome.PASS


def test_values_that_are_nearly_equal_may_change_places() -> None:
    wanted = golden("topk", k=2, dim=1)
    np.testing.assert_array_equal(wanted["out1"], [[2, 1], [0, 4]])
    value = {**wanted, "out1": np.array([[1, 2], [0, 4]])}
    assert outcome(graph("topk", k=2, dim=1), value, wanted) is Outcome.PASS


@pytest.mark.parametrize(
    "indices",
    [
        [[2, 0], [0, 4]],  # a value that is not among the best
        [[2, 2], [0, 4]],  # one twice, though it is as large
        [[2, 5], [0, 4]],  # beyond the end
        [[2, -4], [0, 4]],  # before the start
        [[2, 1], [4, 0]],  # two that are not nearly equal
    ],
)
def test_anything_else_may_not(indices: list[list[int]]) -> None:
    wanted = golden("topk", k=2, dim=1)
    value = {**wanted, "out1": np.array(indices)}
    assert outcome(graph("topk", k=2, dim=1), value, wanted) is Outcome.MISMATCH


@pytest.mark.parametrize("keepdim", [False, True])
def test_the_largest_of_two_that_are_nearly_equal_is_either(keepdim: bool) -> None:
    network, wanted = graph("argmax", dim=1, keepdim=keepdim), golden("argmax", dim=1, keepdim=keepdim)
    assert wanted["out0"].reshape(-1).tolist() == [2, 0]
    for index, expected in ((1, Outcome.PASS), (3, Outcome.MISMATCH)):
        value = wanted["out0"].copy()
        value.reshape(-1)[0] = index
        assert outcome(network, {"out0": value}, wanted) is expected


def test_of_the_flat_values_too() -> None:
    network, wanted = graph("argmax"), golden("argmax")
    assert outcome(network, {"out0": np.array(9)}, wanted) is Outcome.MISMATCH


@given(st.permutations(range(5)))
def test_an_order_passes_exactly_when_the_values_that_it_gives_do(order: list[int]) -> None:
    network, wanted = graph("argsort", dim=1, descending=True), golden("argsort", dim=1, descending=True)
    value = wanted["out0"].copy()
    value[1] = order
    ranked = {"values": np.take_along_axis(VALUES, value, 1)}
    right = {"values": np.take_along_axis(VALUES, wanted["out0"], 1)}
    assert outcome(network, {"out0": value}, wanted) is compare_outputs(ranked, right, FP32).outcome


def test_other_integers_are_exact_and_shapes_are_the_comparisons_matter() -> None:
    network, wanted = graph("topk", k=2, dim=1), golden("topk", k=2, dim=1)
    assert outcome(network, {**wanted, "out1": wanted["out1"][:1]}, wanted) is Outcome.SHAPE_OR_DTYPE
    assert outcome(network, {**wanted, "out1": wanted["out1"].astype(np.int32)}, wanted) is Outcome.SHAPE_OR_DTYPE
    assert rankings_of(graph("isnan")) == ()
