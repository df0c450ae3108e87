"""Functions of one value against torch."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.ops import registry

from .parity import case, check, normal, special, truth, whole

KEEPING = ("neg", "abs", "floor", "ceil", "round", "sign", "trunc")
FLOATING = (
    *("exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "erf"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"),
)
TESTS = ("isnan", "isinf", "isfinite")
#: The element types that NumPy has too.
NUMBERS = [d for d in DType if d is not DType.BFLOAT16]
HALVES = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5], np.float32)

CASES = [
    *(case(op, special(t)) for op in KEEPING for t in ("float32", "float64", "float16")),
    *(case(op, whole(7, dtype=t)) for op in KEEPING for t in ("int64", "int8")),
    *(case(op, HALVES) for op in ("round", "floor", "ceil")),
    case("neg", whole(5, low=0, dtype="uint8")),
    *(case(op, special(t)) for op in FLOATING for t in ("float32", "float64")),
    *(case(op, np.abs(normal(3, 4, dtype="float16"))) for op in FLOATING),
    *(case(op, whole(7, low=1)) for op in FLOATING),
    *(case(op, truth(7)) for op in FLOATING),
    *(case(op, np.float32(0.5).reshape(())) for op in (*KEEPING, *FLOATING)),
    *(case(op, normal(0, 3)) for op in (*KEEPING, *FLOATING)),
    *(case(op, x) for op in TESTS for x in (special(), special("float16"), whole(9), truth(5), normal(0))),
    *(case("bitwise_not", x) for x in (whole(9), whole(9, dtype="int8"), whole(9, low=0, dtype="uint8"), truth(5))),
    *(case("nan_to_num", special(t)) for t in ("float32", "float64", "float16")),
    case("nan_to_num", special(), nan=-1.0, posinf=7.0, neginf=-8.0),
    case("nan_to_num", special("float16"), posinf=2.0),
    case("nan_to_num", whole(9)),
    *(case("logical_not", x) for x in (truth(5), whole(9), special(), normal(0))),
    *(
        case("cast", np.array([-2.7, -1.0, 0.0, 0.5, 1.0, 2.9]).astype(a), dtype=b)
        for a, b in itertools.product([d.value for d in NUMBERS if d is not DType.UINT8], DType)
        if not (b is DType.UINT8 and a.startswith("float"))
    ),
    *(case("cast", whole(5, low=0, high=256, dtype="uint8"), dtype=t) for t in DType),
    case("cast", special(), dtype=DType.FLOAT16),
    case("cast", special(), dtype=DType.BOOL),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=40)
@given(
    st.sampled_from([*KEEPING, "exp", "sqrt", "rsqrt", "sin", "cos"]),
    arrays.arrays(np.float32, arrays.array_shapes(), elements=st.floats(-40, 40, width=32)),
)
def test_functions_of_any_value(op, x):
    check(case(op, x))


def test_cast_always_copies():
    x = normal(3)
    (result,) = registry.get("cast").compute([x], {"dtype": "float32"})
    assert not np.shares_memory(result, x)


def test_bits_are_those_of_integers():
    with pytest.raises(ShapeError, match="must be integer or bool, it is float32"):
        registry.get("bitwise_not").compute([normal(2)], {})


@pytest.mark.parametrize("op", KEEPING)
def test_numbers_are_not_bool(op):
    with pytest.raises(ShapeError, match="it is bool"):
        registry.get(op).compute([truth(2)], {})


def test_an_unknown_element_type_is_refused():
    with pytest.raises(GraphError, match="no element type complex64"):
        registry.get("abs").compute([np.zeros(2, np.complex64)], {})
