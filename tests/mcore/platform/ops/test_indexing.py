"""Slices, indices, rolls and repeats against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import evaluate, maximum, minimum, symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(4, 5, 6)
SCALAR = normal()
H, W = symbol("H"), symbol("W")


def index(*values, dtype="int64"):
    return np.array(values, dtype)


CASES = [
    *(
        case("slice", X, dim=dim, start=start, end=end, step=step)
        for dim, start, end, step in [
            (0, None, None, 1),
            (1, 1, None, 1),
            (1, None, 3, 1),
            (-1, 1, -1, 1),
            (2, 0, 6, 2),
            (2, 1, None, 2),
            (2, -4, -1, 3),
            (1, 3, 2, 1),
            (1, 10, 20, 1),
            (1, -20, 20, 1),
            (0, 0, 2**63 - 1, 1),
            (2, 1, 4, 100),
        ]
    ),
    *(case("select", X, dim=dim, index=i) for dim, i in [(0, 0), (1, 4), (-1, -1), (2, -6)]),
    case("select", normal(3), dim=0, index=1),
    case("index_select", X, index(0, 3, 3, 1), dim=1),
    case("index_select", X, index(2, dtype="int32"), dim=-1),
    case("index_select", X, np.array(2), dim=0),
    case("index_select", X, index(), dim=0),
    case("index_select", SCALAR, index(0), dim=0),
    case("index_select", truth(5), index(4, 0), dim=0),
    case("gather", X, whole(4, 5, 6, low=0, high=4), dim=0),
    case("gather", X, whole(2, 9, 3, low=0, high=5), dim=1),
    case("gather", X, whole(4, 5, 1, low=0, high=6), dim=-1),
    case("gather", SCALAR, np.array(0), dim=0),
    case("gather", SCALAR, np.array([0]), dim=-1),
    case("gather", normal(3), np.array(2), dim=0),
    case("embedding", whole(3, 4, low=0, high=7), normal(7, 5)),
    case("embedding", np.array(6), normal(7, 5)),
    case("embedding", whole(3, low=0, high=7, dtype="int32"), normal(7, 5, dtype="float16")),
    case("roll", X, shifts=2, dims=1),
    case("roll", X, shifts=(-3, -3), dims=(1, 2)),
    case("roll", X, shifts=(1, 7), dims=(-1, 0)),
    case("roll", X, shifts=5),
    case("flip", X, dims=(0, -1)),
    case("flip", X, dims=(1,)),
    case("flip", X, dims=()),
    case("flip", SCALAR, dims=()),
    case("repeat", X, repeats=(1, 2, 3)),
    case("repeat", X, repeats=(2, 1, 1, 3)),
    case("repeat", X, repeats=(1, 0, 1)),
    case("repeat", SCALAR, repeats=(3,)),
    case("repeat_interleave", X, repeats=2),
    case("repeat_interleave", X, repeats=3, dim=1),
    case("repeat_interleave", X, repeats=1, dim=-1),
    case("repeat_interleave", X, repeats=0, dim=0),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=100)
@given(st.integers(0, 9), st.none() | st.integers(-12, 12), st.none() | st.integers(-12, 12), st.integers(1, 4))
def test_slices_of_any_size(size, start, end, step):
    check(case("slice", normal(size, 2), dim=0, start=start, end=end, step=step))


BOUNDS = [H, H - 1, H // 2, minimum(H, 5), 0, 3, -2, -H, -(H // 2) - 1]


@settings(max_examples=60)
@given(st.sampled_from(BOUNDS), st.sampled_from(BOUNDS), st.integers(1, 3), st.integers(1, 12))
def test_slices_between_sizes(start, end, step, height):
    x = TensorType(DType.FLOAT32, (H + 2, 3))
    attributes = {"dim": 0, "start": start, "end": end, "step": step}
    (found,) = registry.get("slice").types([x], attributes)
    concrete = [evaluate(v, {"H": height}) for v in (start, end)]
    assert evaluate(found.shape[0], {"H": height}) == len(range(height + 2)[slice(*concrete, step)])


def shape_of(op, shape, **attributes):
    (result,) = registry.get(op).types([TensorType(DType.FLOAT32, shape)], attributes)
    return result.shape


@pytest.mark.parametrize(
    ("size", "start", "end", "step", "result"),
    [
        (H, 0, None, 2, (H + 1) // 2),
        (H, 1, None, 2, H // 2),
        (H, None, -1, 1, H - 1),
        (H + (-H) % 7, None, H, 1, H),
        ((H // 16) * (W // 16) + 1, 1, None, 1, (H // 16) * (W // 16)),
        (H, 2, None, 1, H - minimum(2, H)),
        (H, -2, None, 1, H - maximum(H - 2, 0)),
        (2 * H, H, None, 1, H),
    ],
)
def test_usual_slices_have_simple_sizes(size, start, end, step, result):
    assert shape_of("slice", (size,), start=start, end=end, step=step) == (result,)


def test_sizes_stay_symbolic():
    assert shape_of("select", (H, W, 3), dim=1, index=0) == (H, 3)
    assert shape_of("roll", (1, H, W), shifts=(H // 2, -3), dims=(1, 2)) == (1, H, W)
    assert shape_of("repeat", (3, W), repeats=(H, 1)) == (3 * H, W)
    assert shape_of("repeat_interleave", (3, W), repeats=H) == (3 * H * W,)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("slice", [X], {"step": 0}, "step must be positive"),
        ("slice", [SCALAR], {}, "must have a dimension"),
        ("select", [X], {"dim": 0, "index": 4}, "index 4 is out of range for size 4"),
        ("select", [X], {"dim": 0, "index": -5}, "index -5 is out of range"),
        ("index_select", [X, normal(2)], {"dim": 0}, "must be int64 or int32"),
        ("index_select", [X, whole(2, 2)], {"dim": 0}, "index must have 0 or 1 dimensions"),
        ("gather", [X, whole(4, 5)], {"dim": 0}, "index must have 3 dimensions"),
        ("gather", [X, whole(5, 5, 6)], {"dim": 1}, "dimension 0 of index is 5, x has 4"),
        ("embedding", [normal(2), normal(7, 5)], {}, "must be int64 or int32"),
        ("embedding", [whole(2), normal(7)], {}, "weight must have 2 dimensions"),
        ("roll", [X], {"shifts": (1, 2), "dims": (0,)}, "2 shifts for 1 dimensions"),
        ("roll", [X], {"shifts": 1, "dims": 3}, "out of range"),
        ("flip", [X], {"dims": (0, 0)}, "name one twice"),
        ("repeat", [X], {"repeats": (2, 2)}, "2 repeats for 3 dimensions"),
        ("repeat", [X], {"repeats": (2, 2, -1)}, "must not be negative"),
        ("repeat_interleave", [X], {"repeats": -1}, "must not be negative"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)


@pytest.mark.parametrize("bad", [-1, 5])
@pytest.mark.parametrize("op", ["index_select", "gather", "embedding"])
def test_an_index_outside_is_refused(op, bad):
    inputs = [index(0, bad), normal(5, 2)] if op == "embedding" else [normal(5), index(0, bad)]
    with pytest.raises(GraphError, match=r"an index is outside 0\.\.4"):
        registry.get(op).compute(inputs, {} if op == "embedding" else {"dim": 0})
