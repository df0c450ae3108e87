"""Arithmetic, comparisons and logic against torch: values, promotion, broadcasting, tensors and numbers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, special, truth, whole

ARITHMETIC = ("add", "sub", "mul")
EXTREMES = ("minimum", "maximum")
TESTS = ("eq", "ne", "lt", "le", "gt", "ge")
LOGIC = ("logical_and", "logical_or")
ALL_TYPES = [d.value for d in DType if d is not DType.BFLOAT16]
SIGNED = whole(3, 4)
PAIRS = list(itertools.product(special(), repeat=2))
LEFT, RIGHT = (np.array(side, np.float32) for side in zip(*PAIRS, strict=True))

CASES = [
    *(case(op, normal(2, 3, 4), normal(2, 3, 4, seed=1)) for op in (*ARITHMETIC, *EXTREMES, *TESTS, *LOGIC, "div")),
    *(case(op, normal(2, 1, 4), normal(3, 1)) for op in (*ARITHMETIC, *TESTS, "div")),
    *(case(op, normal(0, 3), normal(1, 3)) for op in (*ARITHMETIC, *TESTS)),
    *(case(op, SIGNED, whole(4, seed=1)) for op in (*ARITHMETIC, *EXTREMES, *TESTS, *LOGIC)),
    *(case(op, truth(5), truth(5, seed=1)) for op in ("add", "mul", *EXTREMES, *TESTS, *LOGIC)),
    *(case(op, LEFT, RIGHT) for op in (*ARITHMETIC, *EXTREMES, *TESTS, *LOGIC, "div")),
    *(case(op, x, other=n) for op in (*ARITHMETIC, *TESTS, "div") for x in (normal(3), SIGNED) for n in (2, 1.5)),
    *(case(op, x, other=True) for op in ("add", "mul", "div", *TESTS) for x in (normal(3), SIGNED)),
    *(case(op, truth(4), other=n) for op in ("add", "mul", "div", "eq") for n in (2, 1.5, True)),
    *(case("add", normal(3).astype(t), other=2) for t in ALL_TYPES),
    *(case("add", whole(3, low=0, high=2).astype(t), other=0.5) for t in ALL_TYPES),
    *(case(op, x, other=n) for op in (*EXTREMES, *LOGIC) for x in (normal(3), SIGNED) for n in (0, 1.5)),
    case("sub", whole(3, low=0, dtype="uint8"), other=5),
    case("add", whole(3, low=0, dtype="uint8"), other=-1),
    case("mul", normal(3, dtype="float16"), other=1e-3),
    case("eq", np.array([0.1, 0.2], np.float32), other=0.1),
    case("div", whole(3, 4), whole(3, 4, low=1, seed=1)),
    *(
        case("div", x, y, rounding_mode=mode)
        for mode in ("floor", "trunc")
        for x, y in [
            (normal(50) * 5, normal(50, seed=1)),
            (whole(50, low=-40, high=40), whole(50, low=1, seed=1)),
            (whole(50, low=-40, high=40), -whole(50, low=1, seed=1)),
            (whole(50, low=0, high=40, dtype="uint8"), whole(50, low=1, dtype="int32", seed=1)),
            (LEFT, RIGHT),
        ]
    ),
    case("div", whole(9), other=4, rounding_mode="floor"),
    case("div", whole(9), other=-4, rounding_mode="trunc"),
    case("div", whole(9), other=2.5, rounding_mode="floor"),
    case("pow", np.abs(normal(3, 4)), normal(4)),
    *(case("pow", normal(3, 4), other=n) for n in (2, 3, 0, 1, -1, -2, 2.0)),
    *(case("pow", np.abs(normal(3, 4)), other=n) for n in (0.5, -0.5, 1.7)),
    case("pow", special(), other=2),
    case("pow", whole(9), other=3),
    case("pow", whole(9), whole(9, low=0, high=5, seed=1)),
    case("pow", whole(9, low=1), other=0.5),
    case("pow", whole(7, 1, low=-3, high=4), np.arange(-3, 4)),
    case("pow", whole(9, low=-3, high=4, dtype="int8"), whole(9, low=-3, high=4, dtype="int8", seed=1)),
    case("pow", whole(9, low=0, dtype="uint8"), whole(9, low=0, high=4, dtype="uint8", seed=1)),
    *(case("rpow", whole(9), other=n) for n in (2, -1, 0, 1)),
    *(case("rsub", x, other=n) for x in (normal(3), SIGNED) for n in (2, 1.5)),
    *(case("rdiv", x, other=n) for x in (normal(3), special(), whole(3, low=1)) for n in (2, 1.5)),
    *(case("rpow", x, other=n) for x in (normal(3), whole(3, low=0)) for n in (2, 1.5)),
    case("where", truth(3, 4), normal(3, 4), normal(4, seed=1)),
    case("where", truth(3, 1), normal(4), np.zeros((), np.float32)),
    case("where", truth(3, 4), normal(3, 4), other=0),
    case("where", truth(3, 4), None, normal(3, 4), x=float("-inf")),
    case("where", truth(3, 4), whole(3, 4), other=0.5),
    case("where", truth(3, 4), x=1.0, other=0.0),
    case("where", truth(3, 4), x=1, other=2),
    case("where", truth(3), whole(3, dtype="int32"), normal(3, dtype="float16")),
    case("masked_fill", normal(3, 4), truth(3, 4), value=float("-inf")),
    case("masked_fill", normal(2, 3, 4), truth(3, 1), value=1),
    case("masked_fill", normal(3, 1), truth(4), value=-1e4),
    case("masked_fill", whole(3, 4), truth(3, 4), value=7),
    case("masked_fill", truth(3, 4), truth(3, 4, seed=1), value=True),
    *(case("clamp", special(), min=a, max=b) for a, b in [(-1, 1), (-1.5, None), (None, 2), (3.0, 1.0)]),
    case("clamp", whole(9), min=-2, max=5),
    case("clamp", whole(9), min=-0.5),
    case("clamp", normal(9, dtype="float16"), min=-0.1, max=0.1),
    case("clamp", np.float32(3).reshape(()), max=1),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@pytest.mark.parametrize(("left", "right"), list(itertools.product(ALL_TYPES, repeat=2)))
@pytest.mark.parametrize("ranks", [(1, 1), (1, 0), (0, 1), (0, 0)])
def test_promotion_of_all_pairs(left, right, ranks):
    x, y = (np.ones((2,) * rank, dtype) for rank, dtype in zip(ranks, (left, right), strict=True))
    for op in ("add", "div", "eq"):
        check(case(op, x, y))


@settings(max_examples=60)
@given(
    st.sampled_from([*ARITHMETIC, *EXTREMES, *TESTS, "div"]),
    arrays.mutually_broadcastable_shapes(num_shapes=2, min_side=0),
)
def test_broadcasting_of_any_shape(op, shapes):
    left, right = shapes.input_shapes
    check(case(op, normal(*left), normal(*right, seed=1)))


def test_a_size_is_a_number():
    x = TensorType(DType.FLOAT32, (symbol("N"), 4))
    assert registry.get("mul").types([x], {"other": symbol("H") // 2}) == (x,)
    whole_numbers = TensorType(DType.INT64, (4,))
    assert registry.get("div").types([whole_numbers], {"other": symbol("H")})[0].dtype is DType.FLOAT32


def test_of_two_sizes_that_meet_the_known_one_counts_else_the_left():
    h, w = symbol("H"), symbol("W")
    left, right = TensorType(DType.FLOAT32, (h, 4, 1, h)), TensorType(DType.FLOAT32, (4, w, h, w))
    (result,) = registry.get("add").types([left, right], {})
    assert result.shape == (4, 4, h, h)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("add", [normal(2)], {}, "other must be a tensor or a number, neither given"),
        ("add", [normal(2), normal(2)], {"other": 1}, "other must be a tensor or a number, both given"),
        ("add", [normal(2), normal(3)], {}, "sizes 2 and 3 do not broadcast"),
        ("sub", [truth(2), truth(2)], {}, "two bool operands"),
        ("pow", [whole(2)], {"other": -1}, "no integer power of -1"),
        ("div", [normal(2)], {"other": 2, "rounding_mode": "up"}, "rounding_mode must be"),
        ("where", [normal(2), normal(2), normal(2)], {}, "condition must be bool"),
        ("where", [truth(2), None, normal(2)], {}, "x must be a tensor or a number, neither given"),
        ("masked_fill", [normal(2), normal(2)], {"value": 0}, "mask must be bool"),
        ("clamp", [normal(2)], {}, "min or max must be given"),
        ("clamp", [truth(2)], {"min": True}, "it is bool"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)
