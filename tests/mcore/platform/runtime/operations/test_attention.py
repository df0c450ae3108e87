"""Attention on views, against the plain kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dtypes import DType
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run
from tests.mcore.platform.runtime.operations.values import value


@settings(max_examples=60)
@given(
    data=st.data(),
    batch=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    sizes=st.tuples(*[st.integers(1, 9)] * 4),
    mask=st.sampled_from(["none", "causal", "added", "constant", "bool", "bool input", "row"]),
    scale=st.none() | st.floats(0.01, 2),
)
def test_any_layout_and_mask(
    data: st.DataObject, batch: tuple[int, ...], sizes: tuple[int, ...], mask: str, scale: float | None
) -> None:
    s = Sketch()
    queries, keys, width, outputs = sizes
    inputs = [value(s, data, (*batch, *shape)) for shape in ((queries, width), (keys, width), (keys, outputs))]
    if mask == "added":
        inputs.append(value(s, data, (*batch, queries, keys)))
    elif mask == "row":
        inputs.append(s.normal(1, keys))
    elif mask == "constant":
        inputs.append(s.normal(queries, keys))
    elif mask == "bool":
        inputs.append(s.weight(s.random.random((queries, keys)) > 0.4))
    elif mask == "bool input":
        inputs.append(s.input("mask", *batch, queries, keys, dtype=DType.BOOL))
    y = s.node("scaled_dot_product_attention", *inputs, is_causal=mask == "causal", scale=scale)
    turned = s.node("transpose", y, dim0=-2, dim1=0)
    assert_planned_right(s, y, s.node("reshape", turned, shape=(-1,)))


@pytest.mark.parametrize("shape", [(2, 5, 300), (70, 3, 49), (1, 1, 900), (3, 4, 16)])
def test_blocks_of_heads_and_of_rows(shape: tuple[int, int, int]) -> None:
    batch, heads, length = shape
    s = Sketch()
    x = s.input("x", batch, length, heads * 8)
    split = (batch, length, 3, heads, 8)
    qkv = s.node("permute", s.node("reshape", s.linear(x, 3 * heads * 8), shape=split), dims=(2, 0, 3, 1, 4))
    parts = s.nodes_of("unbind", qkv, dim=0)
    mixed = s.node("scaled_dot_product_attention", *parts, s.normal(heads, 1, length))
    merged = s.node("reshape", s.node("transpose", mixed, dim0=1, dim1=2), shape=(batch, length, heads * 8))
    causal = s.node("scaled_dot_product_attention", *parts, is_causal=True)
    assert_planned_right(s, s.linear(merged, 8), mixed, causal)


def test_keys_and_values_of_fewer_heads_and_queries_of_one_batch() -> None:
    s = Sketch()
    q, k, v = s.input("q", 1, 4, 6, 8), s.input("k", 3, 1, 5, 8), s.input("v", 5, 2)
    assert_planned_right(s, s.node("scaled_dot_product_attention", q, k, v))


def test_a_query_that_no_key_takes_part_for_gives_zeros() -> None:
    s = Sketch()
    q, k, v = (s.input(name, 2, 4, 8) for name in "qkv")
    mask = np.ones((4, 4), np.bool_)
    mask[1] = False
    y = s.node("scaled_dot_product_attention", q, k, v, s.weight(mask))
    assert_planned_right(s, y)
    assert not run(s, y)["out"][:, 1].any()


def test_large_scores_do_not_overflow() -> None:
    s = Sketch()
    q, k, v = (s.input(name, 2, 4, 8) for name in "qkv")
    arrays = {name: array * 100 for name, array in s.arrays().items()}
    y = s.node("scaled_dot_product_attention", q, k, v)
    planned, reference = (run(s, y, inputs=arrays, mode=mode)["out"] for mode in ("default", "reference"))
    np.testing.assert_allclose(planned, reference, rtol=1e-4, atol=1e-3)
