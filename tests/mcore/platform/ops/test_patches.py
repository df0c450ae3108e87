"""Patches as columns, images from them, and windows along a dimension against torch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, whole

X = normal(2, 3, 9, 8)

CASES = [
    case("unfold", X, kernel_size=3),
    case("unfold", X[:0], kernel_size=2),
    case("unfold", X, kernel_size=(2, 3), dilation=(2, 1), padding=(0, 2), stride=(3, 2)),
    case("unfold", X[0], kernel_size=(4, 4), stride=4, padding=2),
    case("unfold", X.astype("float16"), kernel_size=2, stride=2),
    case("fold", normal(2, 3 * 9, 42), output_size=(9, 8), kernel_size=3),
    case(
        "fold",
        normal(2, 12, 15),
        output_size=(9, 8),
        kernel_size=(2, 2),
        dilation=(1, 3),
        padding=(1, 0),
        stride=(2, 2),
        symbolic=False,
    ),
    case("fold", normal(16, 4), output_size=8, kernel_size=4, stride=4, symbolic=False),
    case("tensor_unfold", X, dimension=2, size=3, step=2),
    case("tensor_unfold", X, dimension=-1, size=8, step=1),
    case("tensor_unfold", whole(7), dimension=0, size=1, step=3),
    case("tensor_unfold", whole(7), dimension=0, size=0, step=2, symbolic=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))
WINDOWS = st.fixed_dictionaries(
    {"kernel_size": PAIR, "dilation": PAIR, "stride": PAIR, "padding": st.tuples(st.integers(0, 2), st.integers(0, 2))}
)


@settings(max_examples=60)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), WINDOWS)
def test_any_windows_there_and_back(size, window):
    try:
        (columns,) = registry.get("unfold").compute([normal(1, 2, *size)], window)
    except ShapeError:
        assume(False)
    check(case("unfold", normal(1, 2, *size), symbolic=False, **window))
    check(case("fold", normal(*columns.shape), output_size=size, symbolic=False, **window))


def test_sizes_stay_symbolic():
    h, w = symbol("H"), symbol("W")
    x = TensorType(DType.FLOAT32, (1, 3, 4 * h, 4 * w))
    (columns,) = registry.get("unfold").types([x], {"kernel_size": 4, "stride": 4})
    assert columns.shape == (1, 48, h * w)
    (image,) = registry.get("fold").types([columns], {"output_size": (4 * h, 4 * w), "kernel_size": 4, "stride": 4})
    assert image == x
    (windows,) = registry.get("tensor_unfold").types([x], {"dimension": 2, "size": 4, "step": 4})
    assert windows.shape == (1, 3, h, 4 * w, 4)


@pytest.mark.parametrize(
    ("op", "x", "attributes", "message"),
    [
        ("unfold", normal(9, 8), {"kernel_size": 3}, "x must have 3 or 4 dimensions"),
        ("unfold", X, {"kernel_size": 10}, "larger than the padded size"),
        ("unfold", X, {"kernel_size": 0}, "kernel_size must be positive"),
        ("unfold", X, {"kernel_size": 2, "padding": -1}, "padding must not be negative"),
        ("fold", normal(2, 12, 19), {"output_size": 5, "kernel_size": 2}, "number of patches is 19, must be 16"),
        ("fold", normal(2, 10, 16), {"output_size": 5, "kernel_size": 2}, "10 rows are not a multiple of the 4"),
        ("tensor_unfold", X, {"dimension": 2, "size": 10, "step": 1}, "a window of 10 is larger"),
        ("tensor_unfold", X, {"dimension": 2, "size": 2, "step": 0}, "step must be positive"),
        ("tensor_unfold", np.float32(1), {"dimension": 0, "size": 1, "step": 1}, "must have a dimension"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([x], attributes)
