"""Tensors made from numbers, against torch."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check

H, W = symbol("H"), symbol("W")

CASES = [
    *(case("full", size=(2, 3), fill_value=v, dtype=None) for v in (0, 1.5, True, -7, float("-inf"))),
    *(case("full", size=(2,), fill_value=1, dtype=t) for t in DType),
    case("full", size=(), fill_value=2.5, dtype=DType.FLOAT64),
    case("full", size=(0, 3), fill_value=2, dtype=None),
    *(
        case("arange", start=start, end=end, step=step, dtype=dtype)
        for (start, end, step), dtype in itertools.product(
            [(0, 5, 1), (2, 11, 3), (5, 0, -2), (0, 0, 1), (0.0, 1.0, 0.25), (0.5, 6, 1), (1, 0.1, -0.3)],
            [None, DType.FLOAT32, DType.FLOAT64],
        )
    ),
    case("arange", start=0, end=7, step=2, dtype=DType.INT32),
    *(
        case("arange", start=start, end=end, step=step, dtype=dtype)
        for (start, end, step), dtype in itertools.product(
            [(0.1, -7.9, -4.0), (0, 3.1, 1), (0.0, -8.000001, -4.0), (0.5, 6.2, 1.9), (0.9, 9, 1)],
            [DType.INT64, DType.INT32, DType.INT8],
        )
    ),
    case("arange", start=1, end=5, step=0.7, dtype=DType.INT32),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-5, 5))
def test_whole_ranges(start, end, step):
    assume(step and (end - start) * step >= 0)
    check(case("arange", start=start, end=end, step=step, dtype=None))


def types(op, **attributes):
    return registry.get(op).types([], attributes)


def test_sizes_stay_symbolic():
    assert types("full", size=(H, 2 * W), fill_value=0.0) == (TensorType(DType.FLOAT32, (H, 2 * W)),)
    assert types("full", size=(1,), fill_value=H) == (TensorType(DType.INT64, (1,)),)
    assert types("arange", start=0, end=H * W) == (TensorType(DType.INT64, (H * W,)),)
    assert types("arange", start=0, end=H, step=2, dtype="float32") == (TensorType(DType.FLOAT32, ((H + 1) // 2,)),)


@pytest.mark.parametrize(
    ("op", "attributes", "message"),
    [
        ("full", {"size": (-1,), "fill_value": 0}, "size must not be negative"),
        ("arange", {"start": 0, "end": 5, "step": 0}, "step must not be zero"),
        ("arange", {"start": 0, "end": float("inf")}, "has no end"),
        ("arange", {"start": 0, "end": float("nan")}, "has no end"),
        ("arange", {"start": 0, "end": H, "step": 0.5}, "a range over sizes takes no fractions"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, attributes, message):
    with pytest.raises(ShapeError, match=message):
        types(op, **attributes)


def test_the_fill_value_is_needed():
    with pytest.raises(GraphError, match="needs attribute 'fill_value'"):
        types("full", size=(1,))
