"""Values that are only moved: they arrive unchanged, whatever their element type."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dtypes import DType
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right
from tests.mcore.platform.runtime.operations.values import shapes, value

generated = settings(max_examples=60)


@generated
@given(data=st.data(), shape=shapes, op=st.sampled_from(["cat", "stack"]))
def test_joining(data: st.DataObject, shape: tuple[int, ...], op: str) -> None:
    s = Sketch()
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    parts = [value(s, data, shape) for _ in range(data.draw(st.integers(1, 3)))]
    assert_planned_right(s, s.node(op, *parts, dim=dim))


@generated
@given(data=st.data(), shape=shapes, fill=st.none() | st.floats(-2, 2, width=32))
def test_padding(data: st.DataObject, shape: tuple[int, ...], fill: float | None) -> None:
    s = Sketch()
    pads = data.draw(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 3)), min_size=1, max_size=len(shape)))
    assert_planned_right(s, s.node("pad", value(s, data, shape), pad=[n for pair in pads for n in pair], value=fill))


@generated
@given(data=st.data(), shape=shapes)
def test_rolling(data: st.DataObject, shape: tuple[int, ...]) -> None:
    s = Sketch()
    dims = data.draw(st.none() | st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=3))
    shifts = [data.draw(st.integers(-12, 12)) for _ in dims or [0]]
    assert_planned_right(s, s.node("roll", value(s, data, shape), shifts=shifts, dims=dims))


@pytest.mark.parametrize("dtype", [DType.INT64, DType.BOOL, DType.FLOAT64])
def test_other_element_types(dtype: DType) -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 4, dtype=dtype)
    turned = s.node("permute", x, dims=(2, 0, 1))
    outputs = [
        s.node("cat", turned, turned, dim=1), s.node("stack", x, x), s.node("pad", turned, pad=(1, 2), value=1),
        s.node("roll", turned, shifts=1, dims=0), s.node("reshape", turned, shape=(6, 4)),
    ]  # fmt: skip
    assert_planned_right(s, *outputs)


def test_nothing_is_rolled() -> None:
    s = Sketch()
    assert_planned_right(s, s.node("roll", s.input("x", 3, 0, 2), shifts=(1, 2), dims=(1, -1)))


@pytest.mark.parametrize("dtype", [DType.INT64, DType.INT8, DType.UINT8, DType.BOOL])
@pytest.mark.parametrize("fill", [float("inf"), float("nan"), 300, -1, 1.5])
def test_what_an_element_type_cannot_hold_wraps_around_as_in_the_plain_kernel(dtype: DType, fill: float) -> None:
    s = Sketch()
    assert_planned_right(s, s.node("pad", s.input("x", 2, 3, dtype=dtype), pad=(1, 2), value=fill))
