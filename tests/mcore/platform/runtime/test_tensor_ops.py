"""Ops without a planned form, in a plan among others that have one, and values in bfloat16."""

import numpy as np
import pytest

from mcore.platform.bfloat16 import is_bfloat16
from mcore.platform.dtypes import DType
from mcore.platform.format import graph_from_bytes, graph_to_bytes
from mcore.platform.ops import registry
from mcore.platform.runtime import Program
from tests.mcore.platform.ops import (
    test_accumulation,
    test_advanced_indexing,
    test_arithmetic,
    test_detection,
    test_diagonals,
    test_grid,
    test_patches,
    test_scattering,
)
from tests.mcore.platform.ops.parity import Case, assert_close, normal

from .graphs import Sketch

FAMILIES = (
    test_accumulation,
    test_advanced_indexing,
    test_arithmetic,
    test_detection,
    test_diagonals,
    test_grid,
    test_patches,
    test_scattering,
)
CASES = [case for family in FAMILIES for case in family.CASES]


def test_their_results_are_the_kernels_planned_and_read_from_json() -> None:
    for case in CASES:
        check_planned(case)


def check_planned(case: Case) -> None:
    sketch = Sketch()
    arrays = {f"i{i}": array for i, array in enumerate(case.inputs) if array is not None}
    names = [f"i{i}" if f"i{i}" in arrays else None for i in range(len(case.inputs))]
    for name, array in arrays.items():
        sketch.input(name, *array.shape, dtype=DType.of(array))
    op = registry.get(case.op)
    given = op.normalise(case.attributes)
    outputs = sketch.nodes_of(case.op, *names, **{name: given[name] for name in case.attributes})
    graph = graph_from_bytes(graph_to_bytes(sketch.graph(*outputs)))
    found = Program(graph, {}, {name: array.shape for name, array in arrays.items()}).run(arrays)
    for value, wanted in zip(found.values(), op.compute(case.inputs, case.attributes), strict=True):
        assert value.dtype == wanted.dtype, case
        assert_close(value, wanted)


def halved() -> Sketch:
    """A product in bfloat16 whose weight is stored so, between values in float32."""
    sketch = Sketch()
    x = sketch.node("relu", sketch.input("x", 3, 4))
    half = sketch.node("cast", x, dtype=DType.BFLOAT16)
    mixed = sketch.node("matmul", half, sketch.weight(DType.BFLOAT16.cast(normal(4, 5))))
    moved = sketch.node("reshape", sketch.node("permute", mixed, dims=(1, 0)), shape=(3, 5))
    joined = sketch.node("cat", moved, moved, dim=1)
    sketch.node("cast", sketch.node("softmax", joined, dim=1), dtype=DType.FLOAT32)
    return sketch


@pytest.mark.parametrize("mode", ["default", "exact"])
def test_bfloat16_is_planned_as_it_is_defined(mode: str) -> None:
    sketch = halved()
    graph = sketch.graph(next(reversed(sketch.types)))
    x = {"x": normal(3, 4)}
    wanted, found = (Program(graph, sketch.weights, {"x": (3, 4)}, mode=m).run(x)["out"] for m in ("reference", mode))
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.float32


def test_bfloat16_goes_in_and_comes_out() -> None:
    sketch = Sketch()
    sketch.node("add", sketch.input("x", 3, 4, dtype=DType.BFLOAT16), other=0.3)
    graph = sketch.graph(next(reversed(sketch.types)))
    x = DType.BFLOAT16.cast(normal(3, 4))
    for mode in ("reference", "default"):
        found = Program(graph, {}, {"x": (3, 4)}, mode=mode).run({"x": x})["out"]
        assert is_bfloat16(found)
        np.testing.assert_array_equal(found, registry.get("add").compute([x], {"other": 0.3})[0])
