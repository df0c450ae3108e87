"""Type promotion against torch's own."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import promotion

NUMBERS = (True, 2, 1.5)


def of_torch(dtype):
    return DType(str(dtype).removeprefix("torch."))


@pytest.mark.parametrize(("left", "right"), list(itertools.product(DType, repeat=2)))
def test_promote_is_torchs(left, right):
    wanted = torch.promote_types(getattr(torch, left.value), getattr(torch, right.value))
    assert promotion.promote(left, right) is of_torch(wanted)


OPERANDS = st.one_of(
    st.builds(TensorType, st.sampled_from(DType), st.sampled_from([(), (2,), (2, 1)])), st.sampled_from(NUMBERS)
)


@given(OPERANDS, OPERANDS)
def test_result_type_is_torchs(left, right):
    if not isinstance(left, TensorType) and not isinstance(right, TensorType):
        left = TensorType(DType.BOOL, ())
    values = [
        torch.zeros(o.shape, dtype=getattr(torch, o.dtype)) if isinstance(o, TensorType) else o for o in (left, right)
    ]
    assert promotion.result_type([left, right]) is of_torch(torch.result_type(*values))


def test_a_size_is_an_integer():
    assert promotion.of_number(symbol("H")) is DType.INT64
    half = TensorType(DType.FLOAT16, (2,))
    assert promotion.result_type([half, symbol("H")]) is DType.FLOAT16


def test_numbers_alone_have_their_own_types():
    assert [promotion.result_type([n]) for n in NUMBERS] == [DType.BOOL, DType.INT64, DType.FLOAT32]


def test_nothing_has_no_type():
    with pytest.raises(ShapeError, match="no operand"):
        promotion.result_type([])


def test_what_is_never_an_integer():
    assert promotion.floating(DType.FLOAT16) is DType.FLOAT16
    assert promotion.floating(DType.INT8) is DType.FLOAT32


def test_one_operand_must_be_given():
    x = TensorType(DType.FLOAT32, (2,))
    assert promotion.either(x, None) is x
    assert promotion.either(None, 0) == 0
    for value, number, which in ((None, None, "neither"), (x, 1, "both")):
        with pytest.raises(ShapeError, match=f"limit must be a tensor or a number, {which} given"):
            promotion.either(value, number, "limit")


def test_arrays_take_their_common_type():
    a, b = promotion.as_arrays(np.zeros(2, np.int8), 1.5)
    assert a.dtype == b.dtype == np.float32
    a, b = promotion.as_arrays(np.zeros(2, np.float32), np.float64(1))
    assert a.dtype == b.dtype == np.float32
    (wrapped,) = promotion.as_arrays(-1, dtype=DType.UINT8)
    assert wrapped == 255


def test_arrays_of_the_right_type_are_not_copied():
    x = np.zeros(2, np.float32)
    assert promotion.as_arrays(x, 2)[0] is x


def test_the_type_of_an_array():
    assert promotion.type_of(np.zeros((2, 3), np.int16)) == TensorType(DType.INT16, (2, 3))
    with pytest.raises(ValueError, match="complex64"):
        promotion.type_of(np.zeros(2, np.complex64))
