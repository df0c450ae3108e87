"""Order along a dimension against torch, and its rule for equal elements."""

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

from .parity import case, check, normal, whole

X = normal(3, 4, 7)
TIES = whole(3, 40, high=-4)
SPECIAL = np.array([1, np.nan, np.inf, -np.inf, 0.5, 2], np.float32)
SCALAR = np.float32(1.5).reshape(())

CASES = [
    *(case("topk", X, k=k) for k in (0, 1, 3, 7)),
    case("topk", X, k=2, dim=0, sorted=True),
    case("topk", X, k=2, dim=1, largest=False),
    case("topk", X, k=2, dim=-2),
    case("topk", SPECIAL, k=4),
    case("topk", SPECIAL, k=6, largest=False),
    case("topk", np.random.default_rng(0).permutation(20), k=5),
    case("topk", np.random.default_rng(0).permutation(20).astype("uint8"), k=5),
    case("topk", SCALAR, k=1),
    *(
        case(op, X, dim=dim, descending=down)
        for op in ("sort", "argsort")
        for dim in (0, 1, -1)
        for down in (True, False)
    ),
    *(case(op, x, descending=down) for op in ("sort", "argsort") for x in (TIES, SPECIAL) for down in (True, False)),
    *(case(op, SCALAR, dim=0) for op in ("sort", "argsort")),
    case("sort", X.astype("float16")),
    case("sort", normal(2, 0)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=50)
@given(st.booleans(), arrays.arrays(np.int64, st.integers(1, 30), elements=st.integers(-3, 3)), st.data())
def test_of_equal_elements_the_lower_index_comes_first(largest, x, data):
    k = data.draw(st.integers(1, x.size))
    values, indices = registry.get("topk").compute([x], {"k": k, "largest": largest})
    order = sorted(range(x.size), key=lambda i: (-x[i] if largest else x[i], i))[:k]
    assert indices.tolist() == order
    assert values.tolist() == x[order].tolist()


def test_unsorted_values_are_in_order_all_the_same():
    asked = [registry.get("topk").compute([X], {"k": 5, "sorted": value})[0] for value in (True, False)]
    np.testing.assert_array_equal(*asked)


def test_k_may_be_a_size():
    x = TensorType(DType.FLOAT32, (symbol("N"), 100))
    values, indices = registry.get("topk").types([x], {"k": symbol("K")})
    assert values.shape == indices.shape == (symbol("N"), symbol("K"))


@pytest.mark.parametrize(
    ("op", "attributes", "message"),
    [
        ("topk", {"k": 8}, "k is 8, the dimension has 7 elements"),
        ("topk", {"k": -1}, "k is -1"),
        ("topk", {"k": 1, "dim": 3}, "out of range"),
        ("sort", {"dim": -4}, "out of range"),
        ("argsort", {"dim": 5}, "out of range"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([X], attributes)
