"""Diagonals, triangles and one-hot rows against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import evaluate, symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(4, 5, 6)

CASES = [
    case("diagonal", X),
    case("diagonal", X, offset=1),
    case("diagonal", X, offset=-2, dim1=1, dim2=2),
    case("diagonal", X, offset=2, dim1=-1, dim2=0),
    case("diagonal", X, offset=5),
    case("diagonal", whole(3, 3), offset=-2),
    *(case(op, x, diagonal=k) for op in ("tril", "triu") for x in (X, whole(3, 3), truth(3, 5)) for k in (0, 1, -2, 9)),
    case("tril", normal(0, 3)),
    case("triu", np.full((3, 3), np.inf, np.float32)),
    case("one_hot", whole(3, 4, low=0, high=7), num_classes=7),
    case("one_hot", np.array(2), num_classes=3),
    case("one_hot", whole(0, 2), num_classes=3),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(-7, 7))
def test_diagonals_of_any_matrix(height, width, offset):
    (result,) = registry.get("diagonal").compute([normal(height, width)], {"offset": offset})
    assert result.tolist() == [normal(height, width)[i, i + offset] for i in range(height) if 0 <= i + offset < width]
    kind = TensorType(DType.FLOAT32, (symbol("H"), symbol("W")))
    (found,) = registry.get("diagonal").types([kind], {"offset": offset})
    assert evaluate(found.shape[0], {"H": height, "W": width}) == result.size


def test_a_diagonal_is_a_view_and_a_triangle_is_not():
    x = normal(3, 3)
    assert np.shares_memory(registry.get("diagonal").compute([x], {})[0], x)
    assert not np.shares_memory(registry.get("tril").compute([x], {})[0], x)


@pytest.mark.parametrize(
    ("op", "x", "attributes", "error", "message"),
    [
        ("diagonal", X, {"dim1": 0, "dim2": -3}, ShapeError, "the same dimension"),
        ("diagonal", X, {"dim1": 3}, ShapeError, "out of range for rank 3"),
        ("tril", normal(3), {}, ShapeError, "two dimensions or more"),
        ("one_hot", normal(3), {"num_classes": 3}, ShapeError, "must be int64 or int32"),
        ("one_hot", whole(3), {"num_classes": 0}, ShapeError, "num_classes must be positive"),
        ("one_hot", np.array([3]), {"num_classes": 3}, GraphError, r"a class is outside 0\.\.2"),
        ("one_hot", np.array([-1]), {"num_classes": 3}, GraphError, "a class is outside"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, attributes, error, message):
    with pytest.raises(error, match=message):
        registry.get(op).compute([x], attributes)
