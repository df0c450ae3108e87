"""Reductions against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.errors import ShapeError
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(2, 3, 4, 5)
SCALAR = np.float32(-2.5).reshape(())
ALL = ("mean", "sum", "amax", "amin", "var")
AXES = [
    {"dim": 1},
    {"dim": -1, "keepdim": True},
    {"dim": (2, 3)},
    {"dim": (-1, 0), "keepdim": True},
    {"dim": (0, 1, 2, 3)},
]


def _with_nan():
    x = X.copy()
    x[0, 1, 2, 3], x[1, 1, 0, 0], x[1, 2, 0, 0] = np.nan, np.inf, -np.inf
    return x


CASES = [
    *(case(op, X, **attributes) for op in ALL for attributes in AXES),
    *(case(op, X) for op in ("mean", "sum", "var")),
    *(case(op, X, dim=()) for op in ("mean", "sum", "amax", "amin")),
    *(case(op, X, dim=(), keepdim=True) for op in ("mean", "sum", "amax", "amin")),
    *(case(op, _with_nan(), dim=(2, 3)) for op in ALL),
    *(case(op, X.astype(t), dim=(1, 3)) for op in ALL for t in ("float16", "float64")),
    *(case(op, SCALAR, dim=0) for op in ("mean", "sum", "amax", "amin")),
    case("mean", SCALAR),
    case("sum", whole(3, 4, dtype="int32"), dim=1),
    case("sum", whole(3, 4, low=0, high=255, dtype="uint8"), dim=0),
    case("sum", truth(3, 4)),
    case("sum", normal(3, 0), dim=1),
    case("mean", normal(3, 0), dim=1),
    *(case(op, whole(3, 4), dim=1) for op in ("amax", "amin")),
    *(case(op, truth(3, 4), dim=1) for op in ("amax", "amin")),
    *(case("var", X, dim=2, correction=c) for c in (0, 1, 2, 0.5)),
    case("var", X + np.float32(1000), dim=2, tolerance=1e-4),
    case("argmax", X),
    case("argmax", X, keepdim=True),
    case("argmax", X, dim=1),
    case("argmax", X, dim=-2, keepdim=True),
    case("argmax", _with_nan(), dim=3),
    case("argmax", np.array([1, 3, 3, 2], np.float32), dim=0),
    case("argmax", whole(3, 4), dim=0),
    case("argmax", SCALAR, dim=0),
    *(case("argmin", X, **a) for a in ({}, {"dim": 1}, {"dim": -2, "keepdim": True}, {"keepdim": True})),
    *(case("argmin", x, dim=0) for x in (_with_nan()[0, 1], np.array([-128, 1, -128], np.int8), SCALAR)),
    case("argmin", whole(6, low=0, dtype="uint8")),
    *(
        case("prod", x, **a)
        for x in (X, whole(2, 3, 2), truth(3, 4))
        for a in ({}, {"dim": 1}, {"dim": -1, "keepdim": True})
    ),
    *(case("prod", x) for x in (normal(0), whole(3, 2, dtype="int32"), SCALAR, normal(5, dtype="float16"))),
    case("prod", normal(3, 0), dim=1),
    *(
        case(op, x, **a)
        for op in ("any", "all")
        for x in (truth(3, 4), _with_nan()[0], whole(3, 4, low=0, high=2, dtype="uint8"))
        for a in ({}, {"dim": 1}, {"dim": (0, -1), "keepdim": True})
    ),
    *(case(op, normal(3, 0), dim=1) for op in ("any", "all")),
    *(case("logsumexp", x, dim=d) for x in (X, X * 200, _with_nan()) for d in (1, (-1, 0))),
    case("logsumexp", X, dim=(2,), keepdim=True),
    case("logsumexp", whole(3, 4), dim=1),
    case("logsumexp", np.full((2, 3), -np.inf, np.float32), dim=1),
    case("logsumexp", normal(3, 0), dim=1),
    case("median", np.array([[5.0, 1.0, 4.0], [2.0, 9.0, 3.0]], np.float32), dim=1),
    case("median", normal(4, 6), dim=0, keepdim=True),
    case("median", _with_nan()[0, 1], dim=1),
    case("median", np.array([7, 3, 9, 1]), dim=-1),
    case("median", SCALAR, dim=0),
    case("cumsum", X, dim=2),
    case("cumsum", X, dim=-1),
    case("cumsum", _with_nan(), dim=3),
    case("cumsum", whole(3, 4, dtype="int32"), dim=1),
    case("cumsum", truth(9), dim=0),
    case("cumsum", SCALAR, dim=0),
    case("cumsum", normal(0, 3), dim=0),
    case("cumsum", X.astype("float16"), dim=1),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=60)
@given(st.sampled_from(ALL), st.lists(st.integers(2, 5), min_size=1, max_size=4), st.booleans(), st.data())
def test_reductions_of_any_shape(op, shape, keepdim, data):
    dims = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    signed = [d - len(shape) if data.draw(st.booleans()) else d for d in dims]
    check(case(op, normal(*shape), dim=tuple(signed), keepdim=keepdim), wide=True)


def test_a_long_sum_is_rounded_once():
    x = np.full(1 << 20, 0.1, np.float32)
    (result,) = registry.get("sum").compute([x], {})
    assert result == np.float32(float(np.float32(0.1)) * (1 << 20))


@pytest.mark.parametrize("correction", [1, 4])
def test_variance_without_freedom_is_not_a_number(correction):
    """As torch has it, which warns besides."""
    (result,) = registry.get("var").compute([np.ones((2, 1), np.float32)], {"dim": 1, "correction": correction})
    assert np.isnan(result).all()


@pytest.mark.parametrize(
    ("op", "x", "attributes", "message"),
    [
        ("mean", whole(3), {}, "floating point"),
        ("var", whole(3), {}, "floating point"),
        ("sum", normal(2, 3), {"dim": 2}, "dimension 2 is out of range for rank 2"),
        ("sum", normal(2, 3), {"dim": (0, -2)}, "name one twice"),
        ("amax", normal(2, 0), {"dim": 1}, "no extreme value"),
        ("argmax", normal(2, 0), {}, "no extreme value"),
        ("argmax", truth(2), {}, "it is bool"),
        ("argmin", normal(2, 0), {"dim": 1}, "no extreme value"),
        ("median", normal(2, 0), {"dim": 1}, "no extreme value"),
        ("prod", normal(2), {"dim": 1}, "out of range"),
        ("cumsum", normal(2), {"dim": 1}, "out of range"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([x], attributes)
