"""Values written to positions of a copy against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(4, 5, 6)
SCALAR = normal()
REDUCE = ("sum", "prod", "mean", "amax", "amin")


def distinct(*shape, size, axis=0):
    """Indices along ``axis`` of which no two in a line are the same, so that the order of writing does not matter."""
    order = np.random.default_rng(3).permuted(
        np.broadcast_to(np.arange(size), (*np.delete(shape, axis), size)), axis=-1
    )
    return np.moveaxis(order[..., : shape[axis]], -1, axis).copy()


def anywhere(*shape, size):
    return whole(*shape, low=0, high=size)


CASES = [
    case("scatter", X, distinct(3, 5, 6, size=4), normal(3, 5, 6, seed=1), dim=0),
    case("scatter", X, distinct(2, 4, 3, size=5, axis=1), normal(4, 5, 6, seed=1), dim=1),
    case("scatter", X, distinct(4, 5, 2, size=6, axis=2), normal(4, 5, 2, seed=1), dim=-1),
    case("scatter", X, distinct(4, 5, 2, size=6, axis=2), dim=-1, src=1.5),
    case("scatter", X, anywhere(4, 5, 2, size=6), dim=-1, src=-2),
    case("scatter", truth(4, 5), anywhere(4, 5, size=4), dim=0, src=True),
    case("scatter", whole(4, 5), anywhere(2, 5, size=4), dim=0, src=7),
    case("scatter", SCALAR, np.array(0), normal(seed=1), dim=0),
    case("scatter", X, anywhere(0, 5, 6, size=4), normal(0, 5, 6), dim=0),
    case("scatter_add", X, anywhere(9, 5, 6, size=4), normal(9, 5, 6, seed=1), dim=0),
    case("scatter_add", X, anywhere(2, 9, 3, size=5), normal(3, 9, 6, seed=1), dim=1),
    case("scatter_add", whole(4, 5), anywhere(4, 7, size=5), whole(4, 7, seed=1), dim=-1),
    case("scatter_add", SCALAR, np.array(0), normal(seed=1), dim=0),
    *(
        case("scatter_reduce", x, anywhere(9, 5, size=4), y, dim=0, reduce=reduce, include_self=own)
        for reduce in REDUCE
        for own in (True, False)
        for x, y in [(normal(4, 5), normal(9, 5, seed=1)), (whole(4, 5), whole(9, 5, seed=1))]
    ),
    case("scatter_reduce", X, anywhere(2, 5, 6, size=4), normal(2, 5, 6), dim=0, reduce="amax", include_self=False),
    case("slice_scatter", X, normal(4, 2, 6), dim=1, start=1, end=3),
    case("slice_scatter", X, normal(4, 3, 6), dim=1, step=2),
    case("slice_scatter", X, normal(2, 5, 6), start=-2),
    case("slice_scatter", X, normal(4, 5, 2), dim=-1, start=-5, end=-1, step=2),
    case("slice_scatter", X, normal(4, 5, 0), dim=-1, start=3, end=2),
    case("slice_scatter", whole(4, 5), whole(4, 2, dtype="int32"), dim=1, start=3),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=60)
@given(st.integers(0, 2), st.tuples(*[st.integers(0, 4)] * 3), st.sampled_from(REDUCE), st.booleans())
def test_reductions_of_any_shape(dim, shape, reduce, own):
    x, index = normal(4, 4, 4), anywhere(*shape, size=4)
    check(case("scatter_reduce", x, index, normal(*shape, seed=1), dim=dim, reduce=reduce, include_self=own))


def test_of_values_that_meet_the_last_one_stays():
    (result,) = registry.get("scatter").compute(
        [np.zeros(3), np.array([1, 1, 1]), np.array([5.0, 6.0, 7.0])], {"dim": 0}
    )
    assert result.tolist() == [0, 7, 0]


def test_nothing_that_meets_no_value_is_an_infinity():
    (result,) = registry.get("scatter_reduce").compute(
        [np.full(3, 2.0), np.array([1]), np.array([1.0])], {"dim": 0, "reduce": "amax", "include_self": False}
    )
    assert result.tolist() == [2, 1, 2]


def test_sizes_stay_symbolic():
    x = TensorType(DType.FLOAT32, (symbol("N"), symbol("H") * symbol("W"), 3))
    row = TensorType(DType.FLOAT32, (symbol("N"), 1, 3))
    assert registry.get("slice_scatter").types([x, row], {"dim": 1, "end": 1}) == (x,)
    index = TensorType(DType.INT64, (symbol("N"), symbol("H"), 3))
    assert registry.get("scatter").types([x, index], {"dim": 1, "src": 0}) == (x,)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("scatter", [X, normal(4, 5, 6), X], {"dim": 0}, "must be int64 or int32"),
        ("scatter", [X, anywhere(4, 5, size=4), X], {"dim": 0}, "index must have 3 dimensions"),
        ("scatter", [X, anywhere(5, 6, 6, size=4), normal(5, 6, 6)], {"dim": 0}, "dimension 1 of index is 6, x has 5"),
        ("scatter", [X, anywhere(4, 5, 6, size=4), normal(3, 5, 6)], {"dim": 0}, "of index is 4, src has 3"),
        ("scatter", [X, anywhere(4, 5, 6, size=4), whole(4, 5, 6)], {"dim": 0}, "src must be float32 as x"),
        ("scatter", [X, anywhere(4, 5, 6, size=4)], {"dim": 0}, "src must be a tensor or a number, neither given"),
        ("scatter", [whole(4), anywhere(4, size=4)], {"dim": 0, "src": 0.5}, "src 0.5 does not fit into int64"),
        ("scatter_reduce", [X, anywhere(4, 5, 6, size=4), X], {"dim": 0, "reduce": "max"}, "reduce must be one of sum"),
        ("slice_scatter", [X, normal(3, 5, 6)], {"end": 2}, r"src is \(3, 5, 6\), the place for it \(2, 5, 6\)"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)


@pytest.mark.parametrize("bad", [-1, 4])
def test_an_index_outside_is_an_error(bad):
    with pytest.raises(GraphError, match=r"outside 0\.\.3"):
        registry.get("scatter").compute([np.zeros(4), np.array([bad]), np.zeros(1)], {"dim": 0})
