"""Remainders, bits, angles and extremes of two values against torch."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.errors import ShapeError
from mcore.platform.ops import registry

from .parity import case, check, normal, special, truth, whole

REMAINDERS = ("remainder", "fmod")
BITS = ("bitwise_and", "bitwise_or", "bitwise_xor")
SHIFTS = ("bitwise_left_shift", "bitwise_right_shift")
FLOATING = ("atan2", "hypot", "copysign", "logaddexp")
EXTREMES = ("fmax", "fmin")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")

PAIRS = list(itertools.product(special(), repeat=2))
LEFT, RIGHT = (np.array(side, np.float32) for side in zip(*PAIRS, strict=True))
AMOUNTS = np.array([0, 1, 3, 6, 7, 8, 31, 40, 63, 64])

CASES = [
    *(case(op, LEFT, RIGHT) for op in (*REMAINDERS, "atan2", "hypot", "copysign", "logaddexp", *EXTREMES)),
    *(case(op, normal(2, 1, 4), normal(3, 1)) for op in (*REMAINDERS, *FLOATING, *EXTREMES)),
    *(case(op, normal(5), other=n) for op in (*REMAINDERS, "copysign") for n in (2, 0.7, -1.5)),
    *(case(op, whole(50, low=-40, high=40), other=n) for op in REMAINDERS for n in (7, -3, 2.5)),
    *(case(op, whole(50, low=-40, high=40), whole(50, low=1, seed=1)) for op in REMAINDERS),
    *(case(op, whole(50, low=-40, high=40), -whole(50, low=1, seed=1)) for op in REMAINDERS),
    *(case(op, whole(50, low=0, high=40, dtype="uint8"), whole(50, low=1, dtype="int8", seed=1)) for op in REMAINDERS),
    *(case(op, normal(9, dtype="float16"), normal(9, dtype="float16", seed=1)) for op in (*REMAINDERS, *EXTREMES)),
    *(case(op, whole(40, dtype=t), whole(40, dtype=t, seed=1)) for op in BITS for t in INTEGERS),
    *(case(op, whole(3, 1, dtype="int8"), whole(4, low=0, dtype="uint8")) for op in BITS),
    *(case(op, truth(8), truth(8, seed=1)) for op in BITS),
    *(case(op, whole(8), other=n) for op in BITS for n in (5, -2, True)),
    *(case(op, truth(8), whole(8)) for op in BITS),
    *(case(op, whole(10, dtype=t), AMOUNTS.astype(t)) for op in SHIFTS for t in INTEGERS),
    *(case(op, whole(9), other=2) for op in SHIFTS),
    *(case(op, whole(9, dtype="int32"), -np.ones(9, np.int32)) for op in SHIFTS),
    *(case(op, whole(9), whole(9, seed=1)) for op in ("atan2", "copysign", *EXTREMES)),
    *(case(op, normal(9), other=1.5) for op in (*FLOATING, *EXTREMES)),
    *(case(op, whole(9), normal(9)) for op in (*FLOATING, *EXTREMES)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=100)
@given(st.sampled_from(REMAINDERS), *[st.floats(-1e6, 1e6, width=32)] * 2)
def test_remainders_of_any_two_numbers(op, x, y):
    check(case(op, np.array([x], np.float32), np.array([y], np.float32)))


@settings(max_examples=60)
@given(st.sampled_from(REMAINDERS), *[st.integers(-(2**31), 2**31 - 1)] * 2)
def test_remainders_of_any_two_integers(op, x, y):
    if y:
        check(case(op, np.array([x], np.int64), np.array([y], np.int64)))


def test_a_remainder_by_zero_is_zero_for_integers():
    for op in REMAINDERS:
        (result,) = registry.get(op).compute([whole(3)], {"other": 0})
        np.testing.assert_array_equal(result, 0)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("remainder", [truth(2), truth(2)], {}, "two bool operands"),
        ("fmod", [normal(2)], {}, "other must be a tensor or a number, neither given"),
        ("bitwise_and", [normal(2), whole(2)], {}, "integers or bools, not float32"),
        ("bitwise_xor", [whole(2)], {"other": 0.5}, "integers or bools, not float32"),
        ("bitwise_left_shift", [truth(2), truth(2)], {}, "integers, not two bools"),
        ("atan2", [normal(2), normal(3)], {}, "do not broadcast"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)
