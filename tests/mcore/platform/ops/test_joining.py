"""Joining and taking apart against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import ceildiv, symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.ops.rules import MAX_OUTPUTS

from .parity import case, check, normal, truth, whole

X = normal(2, 7, 4)
H = symbol("H")

CASES = [
    case("cat", normal(2, 3), normal(4, 3)),
    case("cat", normal(2, 3), normal(2, 5), normal(2, 1), dim=1),
    case("cat", normal(2, 3, 4), normal(2, 3, 4, seed=1), dim=-2),
    case("cat", normal(2, 3)),
    case("cat", normal(2, 0), normal(2, 3), dim=1),
    case("cat", normal(3), whole(2)),
    case("cat", normal(0), whole(2, 3), whole(2, 1), dim=1),
    case("cat", whole(2, 3), normal(0), dim=-1),
    case("cat", normal(0), normal(0)),
    case("cat", normal(3, dtype="float16"), normal(2, dtype="float64")),
    case("cat", truth(3), whole(2, dtype="int8")),
    case("stack", normal(2, 3), normal(2, 3, seed=1)),
    case("stack", normal(2, 3), normal(2, 3, seed=1), dim=1),
    case("stack", normal(2, 3), normal(2, 3, seed=1), dim=-1),
    case("stack", np.float32(1).reshape(()), np.float32(2).reshape(())),
    case("stack", normal(3), whole(3), dim=1),
    case("split", X, split_size_or_sections=[3, 4], dim=1),
    case("split", X, split_size_or_sections=[3, 0, 4], dim=-2),
    case("split", X, split_size_or_sections=[7], dim=1, symbolic=False),
    case("split", X, split_size_or_sections=3, dim=1, symbolic=False),
    case("split", X, split_size_or_sections=7, dim=1, symbolic=False),
    case("split", X, split_size_or_sections=9, dim=1, symbolic=False),
    case("split", X, split_size_or_sections=1, symbolic=False),
    case("chunk", X, chunks=2, dim=2),
    case("chunk", X, chunks=3, dim=1),
    case("chunk", X, chunks=1),
    case("chunk", X, chunks=6, dim=1, symbolic=False),
    case("chunk", X, chunks=9, dim=2, symbolic=False),
    case("chunk", normal(2, 0), chunks=3, dim=1),
    case("unbind", X, symbolic=False),
    case("unbind", X, dim=-1, symbolic=False),
    case("unbind", normal(3), symbolic=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 2), st.data())
def test_split_undoes_cat(sizes, dim, data):
    shape = [2, 3, 4]
    parts = [normal(*shape[:dim], size, *shape[dim + 1 :], seed=i) for i, size in enumerate(sizes)]
    (joined,) = registry.get("cat").compute(parts, {"dim": dim})
    check(case("cat", *parts, dim=dim))
    if len(sizes) > 1:
        again = registry.get("split").compute([joined], {"split_size_or_sections": sizes, "dim": dim})
        assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


@settings(max_examples=40)
@given(
    st.sampled_from([("chunk", "chunks"), ("split", "split_size_or_sections")]), st.integers(1, 20), st.integers(1, 8)
)
def test_equal_parts_of_any_size(choice, size, number):
    op, attribute = choice
    check(case(op, normal(size, 2), symbolic=False, **{attribute: number}))


def types(op, shapes, attributes):
    return registry.get(op).types([TensorType(DType.FLOAT32, s) for s in shapes], attributes)


def test_sizes_stay_symbolic():
    assert types("cat", [(1, H), (1, 2 * H), (1, 3)], {"dim": 1})[0].shape == (1, 3 * H + 3)
    assert [t.shape for t in types("split", [(H, 4)], {"split_size_or_sections": (2, H - 2)})] == [(2, 4), (H - 2, 4)]
    third = ceildiv(H, 3)
    assert [t.shape[0] for t in types("chunk", [(H, 4)], {"chunks": 3})] == [third, third, H - 2 * third]
    assert [t.shape for t in types("unbind", [(3, H)], {})] == [(H,)] * 3


@pytest.mark.parametrize(
    ("op", "shapes", "attributes", "message"),
    [
        ("cat", [(2, 3), (2, 4)], {}, "dimension 1 is 4, must be 3"),
        ("cat", [(2, 3), (2,)], {}, "differ in rank"),
        ("cat", [(), ()], {}, "cannot be joined"),
        ("cat", [(2, 3)], {"dim": 2}, "out of range"),
        ("stack", [(2, 3), (2, 4)], {}, "is 4, must be 3"),
        ("stack", [(2, 3), (2, 4)], {"dim": 1}, "is 4, must be 3"),
        ("stack", [(2, 3), (3,)], {}, "differ in rank"),
        ("split", [(7,)], {"split_size_or_sections": (3, 3)}, "parts add up to 6, the dimension is 7"),
        ("split", [(7,)], {"split_size_or_sections": (8, -1)}, "must not be negative"),
        ("split", [(7,)], {"split_size_or_sections": 0}, "must be positive"),
        ("split", [(H,)], {"split_size_or_sections": 2}, "how many parts of 2 there are in H is not known"),
        ("split", [(H,)], {"split_size_or_sections": (2, H)}, "parts add up to H \\+ 2"),
        ("split", [(1 << 40,)], {"split_size_or_sections": 1}, f"more than {MAX_OUTPUTS} parts"),
        ("split", [()], {"split_size_or_sections": 1}, "must have a dimension"),
        ("chunk", [(7,)], {"chunks": 0}, "chunks must be positive"),
        ("chunk", [(H,)], {"chunks": 1 << 40}, f"more than {MAX_OUTPUTS} parts"),
        ("unbind", [(H,)], {}, "must have a known size"),
        ("unbind", [(1 << 40,)], {}, f"1 to {MAX_OUTPUTS} elements"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, shapes, attributes, message):
    with pytest.raises(ShapeError, match=message):
        types(op, shapes, attributes)


def test_nothing_cannot_be_joined():
    with pytest.raises(GraphError, match="takes one or more inputs"):
        types("cat", [], {})


@pytest.mark.parametrize(("op", "attributes"), [("select", {"dim": 0, "index": 2}), ("unbind", {"dim": 0})])
def test_an_element_of_a_vector_is_a_view_too(op, attributes):
    """The planned runtime asks the kernel where a view lies."""
    x = normal(3)
    result = registry.get(op).kernel(x, **attributes)
    last = result[2] if isinstance(result, tuple) else result
    assert np.shares_memory(last, x[2:])
    assert last.shape == ()
