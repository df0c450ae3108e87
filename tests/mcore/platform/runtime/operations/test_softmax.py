"""Softmax and norms along any dimension, against the plain kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run
from tests.mcore.platform.runtime.operations.values import shapes, value


@settings(max_examples=60)
@given(data=st.data(), shape=shapes, op=st.sampled_from(["softmax", "log_softmax", "normalize"]))
def test_any_dimension_of_any_layout(data: st.DataObject, shape: tuple[int, ...], op: str) -> None:
    s = Sketch()
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    assert_planned_right(s, s.node(op, value(s, data, shape), dim=dim))


@pytest.mark.parametrize("op", ["softmax", "log_softmax", "normalize"])
def test_more_than_a_piece(op: str) -> None:
    s = Sketch()
    x = s.input("x", 3, 300, 250)
    assert_planned_right(s, *(s.node(op, x, dim=dim) for dim in range(3)))


def test_large_values_neither_overflow_nor_vanish() -> None:
    s = Sketch()
    x = s.input("x", 2, 3)
    array = np.array([[1e4, 1e4 - 1, 0], [-1e4, -1e4 - 1, -np.inf]], np.float32)
    options = {"inputs": {"x": array}}
    (soft, log) = (s.node(op, x, dim=1) for op in ("softmax", "log_softmax"))
    planned, reference = run(s, soft, log, **options), run(s, soft, log, mode="reference", **options)
    for name, expected in reference.items():
        np.testing.assert_allclose(planned[name], expected, rtol=1e-6)


def test_normalize_by_other_norms_and_of_nothing() -> None:
    s = Sketch()
    x = s.input("x", 4, 6)
    zeros = s.node("mul", x, other=0.0)
    others = [s.node("normalize", x, p=p, dim=0) for p in (1.0, 3.0)]
    assert_planned_right(
        s, s.node("normalize", zeros, dim=1, eps=0.5), s.node("normalize", x, dim=1, eps=100.0), *others
    )


@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
def test_a_value_of_rank_0(op: str) -> None:
    s = Sketch()
    assert_planned_right(s, s.node(op, s.node("sum", s.input("x", 3, 4)), dim=-1))
