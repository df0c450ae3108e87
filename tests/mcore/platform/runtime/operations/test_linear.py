"""``linear`` on few rows, which reads the weight where it lies, and on many."""

from __future__ import annotations

import numpy as np
import pytest

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, Symbol, TensorType
from mcore.platform.ops import registry
from mcore.platform.runtime import Program
from mcore.platform.runtime.memory import aligned_copy
from mcore.platform.runtime.operation import PreparedWeights

N = symbol("N")


def classifier(inner: int, outer: int) -> Graph:
    """A linear layer and what is fused to it."""
    weights = {"w": TensorType(DType.FLOAT32, (outer, inner)), "b": TensorType(DType.FLOAT32, (outer,))}
    inputs = {"x": TensorType(DType.FLOAT32, (N, inner))}
    (product,) = registry.get("linear").types([inputs["x"], *weights.values()], {})
    nodes = (Node("linear", ("x", "@w", "@b"), ("y",), {}, "", ""), Node("relu", ("y",), ("z",), {}, "", ""))
    types = {**inputs, "y": product, "z": product}
    return Graph(inputs, {"out": "z"}, nodes, weights, types, {"N": Symbol("N", 1, 64)})


@pytest.mark.parametrize("rows", [1, 2, 3, 9])
@pytest.mark.parametrize(("inner", "outer"), [(5, 3), (64, 1000), (700, 257), (2048, 128)])
def test_products_are_right_whatever_the_rows(rows, inner, outer):
    source = np.random.default_rng(rows)
    x, w, b = (source.standard_normal(s).astype(np.float32) for s in ((rows, inner), (outer, inner), (outer,)))
    out = {}
    for threads in (1, 2):
        program = Program(classifier(inner, outer), {"w": w, "b": b}, {"x": x.shape}, threads=threads)
        out[threads] = program.run({"x": x})["out"]
    wanted = np.maximum(x.astype(np.float64) @ w.T.astype(np.float64) + b, 0)
    assert np.abs(out[1] - wanted).max() < 1e-5 * np.abs(wanted).max()
    np.testing.assert_array_equal(out[1], out[2])


@pytest.mark.parametrize(("rows", "is_copied"), [(1, False), (2, False), (3, True)])
def test_for_few_rows_the_weight_is_not_copied(rows, is_copied):
    weights = {"w": aligned_copy(np.ones((256, 64), np.float32)), "b": np.ones(256, np.float32)}
    prepared = PreparedWeights()
    Program(classifier(64, 256), weights, {"x": (rows, 64)}, prepared=prepared)
    (matrix,) = (array for array in prepared.arrays.values() if array.ndim == 2)
    assert np.shares_memory(matrix, weights["w"]) is not is_copied
