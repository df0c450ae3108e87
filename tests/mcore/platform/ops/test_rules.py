"""What shape rules share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import rules

H, W = symbol("H"), symbol("W")
F32 = DType.FLOAT32


@given(arrays.mutually_broadcastable_shapes(num_shapes=3, min_side=0))
def test_broadcast_is_numpys(shapes):
    assert rules.broadcast(*shapes.input_shapes) == shapes.result_shape


@given(*[st.lists(st.integers(0, 3), max_size=3)] * 2)
def test_broadcast_refuses_what_numpy_refuses(left, right):
    try:
        wanted = np.broadcast_shapes(tuple(left), tuple(right))
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast"):
            rules.broadcast(left, right)
    else:
        assert rules.broadcast(left, right) == wanted


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ((H,), (H,), (H,)),
        ((H,), (1,), (H,)),
        ((1,), (H,), (H,)),
        ((H,), (7,), (7,)),
        ((7,), (H,), (7,)),
        ((H,), (W,), (H,)),
        ((2, H), (W,), (2, H)),
        ((), (H,), (H,)),
    ],
)
def test_broadcast_of_symbolic_sizes(left, right, result):
    assert rules.broadcast(left, right) == result


def test_broadcast_of_nothing_is_rank_zero():
    assert rules.broadcast() == ()


@pytest.mark.parametrize(("dim", "rank", "result"), [(0, 3, 0), (-1, 3, 2), (-3, 3, 0), (0, 0, 0), (-1, 0, 0)])
def test_dimension_counts_from_the_front(dim, rank, result):
    assert rules.dimension(dim, rank) == result


@pytest.mark.parametrize(("dim", "rank"), [(3, 3), (-4, 3), (1, 0), (-2, 0)])
def test_a_dimension_out_of_range_is_refused(dim, rank):
    with pytest.raises(ShapeError, match=f"dimension {dim} is out of range for rank {rank}"):
        rules.dimension(dim, rank)


@pytest.mark.parametrize(("dims", "result"), [(None, (0, 1, 2)), ((), (0, 1, 2)), ((-1, 0), (2, 0)), ((1,), (1,))])
def test_dimensions_count_from_the_front(dims, result):
    assert rules.dimensions(dims, 3) == result


def test_a_dimension_named_twice_is_refused():
    with pytest.raises(ShapeError, match=r"dimensions \[0, -3\] name one twice"):
        rules.dimensions((0, -3), 3)


def test_product_of_sizes():
    assert rules.product([]) == 1
    assert rules.product([2, 3]) == 6
    assert rules.product([2, H, 3, W]) == 6 * H * W


@pytest.mark.parametrize(
    ("check", "good", "bad", "message"),
    [
        (rules.check_positive, [1, H, 5], [0], "size must be positive, it is 0"),
        (rules.check_not_negative, [0, H, 5], [3, -1], "size must not be negative, it is -1"),
    ],
)
def test_known_numbers_are_checked(check, good, bad, message):
    check(size=good)
    with pytest.raises(ShapeError, match=message):
        check(size=bad)


def test_equal_sizes_are_checked_where_both_are_known():
    rules.check_equal("width", 3, 3)
    rules.check_equal("width", H, 3)
    rules.check_equal("width", 3, W)
    with pytest.raises(ShapeError, match="width is 3, must be 4"):
        rules.check_equal("width", 3, 4)


def test_ranks_and_types_are_checked():
    image = TensorType(F32, (1, 3, H, W))
    rules.check_rank("x", image, 3, 4)
    with pytest.raises(ShapeError, match=r"x must have 2 or 3 dimensions, it has \(1, 3, H, W\)"):
        rules.check_rank("x", image, 2, 3)
    rules.check_floating("x", image)
    with pytest.raises(ShapeError, match="x must be floating point, it is int64"):
        rules.check_floating("x", TensorType(DType.INT64, ()))
