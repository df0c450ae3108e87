"""Matrix products against torch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.errors import ShapeError
from mcore.platform.ops import registry

from .parity import case, check, normal

CASES = [
    case("linear", normal(2, 5), normal(3, 5)),
    case("linear", normal(2, 5), normal(3, 5), normal(3)),
    case("linear", normal(5), normal(3, 5), normal(3)),
    case("linear", normal(2, 4, 7, 5), normal(3, 5), normal(3)),
    case("linear", normal(0, 5), normal(3, 5)),
    case("linear", normal(2, 5, dtype="float64"), normal(3, 5, dtype="float64")),
    case("linear", normal(2, 5, dtype="float16"), normal(3, 5, dtype="float16"), normal(3, dtype="float16")),
    case("matmul", normal(3, 4), normal(4, 5)),
    case("matmul", normal(4), normal(4, seed=1)),
    case("matmul", normal(4), normal(4, 5)),
    case("matmul", normal(3, 4), normal(4)),
    case("matmul", normal(2, 3, 4), normal(4)),
    case("matmul", normal(4), normal(2, 4, 5)),
    case("matmul", normal(7, 1, 3, 4), normal(6, 4, 5)),
    case("matmul", normal(3, 0), normal(0, 5)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=50)
@given(st.data())
def test_matmul_of_any_shape(data):
    size = st.integers(1, 5)
    inner, batch = data.draw(size), data.draw(st.lists(size, max_size=3))
    ones = data.draw(st.lists(st.booleans(), min_size=len(batch), max_size=len(batch)))
    left = [1 if one else b for b, one in zip(batch, ones, strict=True)]
    right = batch[data.draw(st.integers(0, len(batch))) :]
    check(case("matmul", normal(*left, data.draw(size), inner), normal(*right, inner, data.draw(size), seed=1)))


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        ("linear", [(2, 5), (3, 4)], "last dimension of x is 5, must be 4"),
        ("linear", [(), (3, 4)], "x must have a dimension"),
        ("linear", [(2, 4), (3, 4), (4,)], "size of bias is 4, must be 3"),
        ("linear", [(2, 4), (4,)], "weight must have 2 dimensions"),
        ("matmul", [(2, 3), (4, 5)], "last dimension of x is 3, must be 4"),
        ("matmul", [(), (4, 5)], "both operands must have a dimension"),
        ("matmul", [(2, 3, 4), (3, 4, 5)], "sizes 2 and 3 do not broadcast"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, shapes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([normal(*s) for s in shapes], {})


def test_types_must_agree():
    with pytest.raises(ShapeError, match="other is float64, x is float32"):
        registry.get("matmul").compute([normal(2, 2), normal(2, 2, dtype="float64")], {})
