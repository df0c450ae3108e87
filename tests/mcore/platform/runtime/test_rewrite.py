from typing import Any

import numpy as np
import pytest

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.runtime import rewrite
from mcore.platform.runtime.binding import Binding, bind
from mcore.platform.runtime.rewrite import simplified, size_bytes, with_constants, without_dead, without_identities
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right


def bound(s: Sketch, *values: str, **kernels: object) -> Binding:
    shapes = {name: kind.concrete({}) for name, kind in s.inputs.items()}
    return bind(s.graph(*values), s.weights, shapes, kernels)


def ops(binding: Binding) -> list[str]:
    return [node.op for node in binding.nodes]


def test_nodes_that_no_output_needs_go() -> None:
    s = Sketch()
    x = s.input("x", 2, 3)
    y = s.node("relu", x)
    s.node("exp", y)
    s.node("abs", x)
    assert ops(without_dead(bound(s, y))) == ["relu"]


def test_large_parts_of_weights_are_let_go_of_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "HANDED_OVER", 8)
    s = Sketch()
    weight = s.normal(6, 4)
    first, second, third = s.nodes_of("chunk", weight, chunks=3, dim=0)
    doubled = s.node("mul", third, third)
    x = s.input("x", 5, 4)
    y = s.node("add", s.node("linear", x, first), s.node("linear", x, second))
    binding = with_constants(bound(s, s.node("add", y, s.node("linear", x, doubled))))
    for part, index in ((first, 0), (second, 1), (third, 2)):
        one, other = binding.constants[part], binding.constants[part]
        np.testing.assert_array_equal(one, s.weights["w0"][2 * index : 2 * index + 2])
        np.testing.assert_array_equal(other, one)
        assert not np.shares_memory(one, s.weights["w0"])
        assert (one is other) is (part == third)  # it is read twice
    assert binding.constants[doubled] is binding.constants[doubled]  # made of what was made
    assert_planned_right(s, y)


def test_constants_are_computed_through_chains() -> None:
    s = Sketch()
    table = s.node("exp", s.node("neg", s.normal(3)))
    y = s.node("add", s.input("x", 2, 3), table)
    binding = with_constants(bound(s, y))
    assert ops(binding) == ["add"]
    np.testing.assert_array_equal(binding.constants[table], np.exp(-s.weights["w0"]))
    assert not binding.constants[table].flags.writeable


def test_constants_without_dimensions_stay_so() -> None:
    s = Sketch()
    total = s.node("sum", s.normal(3))
    y = s.node("mul", s.input("x", 2), total)
    assert with_constants(bound(s, y)).constants[total].shape == ()
    assert_planned_right(s, y, total)


def test_very_large_constants_are_left_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "LARGEST_CONSTANT", 8)
    s = Sketch()
    y = s.node("add", s.input("x", 3), s.node("exp", s.normal(3)))
    assert ops(with_constants(bound(s, y))) == ["exp", "add"]
    assert_planned_right(s, y)


def test_injected_kernels_are_not_computed_early() -> None:
    s = Sketch()
    y = s.node("add", s.input("x", 3), s.node("exp", s.normal(3)))
    assert ops(with_constants(bound(s, y, exp=np.exp))) == ["exp", "add"]


def test_reshapes_to_the_same_shape_are_skipped() -> None:
    s = Sketch()
    x = s.input("x", 2, 3)
    same = s.node("reshape", s.node("flatten", x, start_dim=1, end_dim=-1), shape=(2, 3))
    y = s.node("relu", same)
    binding = without_identities(bound(s, y, same))
    assert ops(binding) == ["relu"]
    assert binding.nodes[0].inputs == ("x",)
    assert binding.outputs == {"out": y, "out1": "x"}
    assert_planned_right(s, y, same)


def test_reshapes_there_and_back_are_skipped() -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 4)
    there = s.node("reshape", s.node("unsqueeze", x, dim=1), shape=(6, 4))
    back = s.node("relu", s.node("reshape", there, shape=(2, 3, 4)))
    assert ops(simplified(bound(s, back))) == ["relu"]
    assert_planned_right(s, back, there)


def test_reshapes_to_another_shape_stay() -> None:
    s = Sketch()
    y = s.node("reshape", s.input("x", 2, 3), shape=(3, 2))
    assert ops(simplified(bound(s, y))) == ["reshape"]


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
def test_resizes_to_the_same_size_are_skipped(mode: str) -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 5, 4)
    same = s.node("interpolate", x, size=(5, 4), mode=mode)
    assert ops(simplified(bound(s, s.node("relu", same)))) == ["relu"]
    assert_planned_right(s, s.node("relu", same), same)


@pytest.mark.parametrize(
    "attributes",
    [{"size": (5, 8)}, {"scale_factor": 1.05}, {"size": (5, 4), "mode": "bilinear", "antialias": True}],
)
def test_other_resizes_stay(attributes: dict[str, Any]) -> None:
    s = Sketch()
    y = s.node("interpolate", s.input("x", 2, 3, 5, 4), **attributes)
    assert ops(simplified(bound(s, y))) == ["interpolate"]


def test_a_graph_may_come_down_to_constants() -> None:
    s = Sketch()
    s.input("x", 2)
    y = s.node("relu", s.normal(4, 5))
    assert ops(simplified(bound(s, y))) == []
    assert_planned_right(s, y)


@pytest.mark.parametrize(("dtype", "shape", "size"), [("float32", (2, 3), 24), ("bool", (), 1), ("int64", (0, 4), 0)])
def test_sizes_in_bytes(dtype: str, shape: tuple[int, ...], size: int) -> None:
    assert size_bytes(TensorType(DType(dtype), shape)) == size
