"""Pooling to a given size against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal

X, LINE, CUBE = normal(2, 3, 13, 17), normal(2, 3, 19), normal(2, 2, 5, 6, 7)


def _with_nan():
    x = X.copy()
    x[0, 0, 4, 4] = x[0, 0, 4, 5] = x[0, 0, 9, 1] = np.nan
    x[0, 1, 5, 5], x[1, 2, 6, 6] = np.inf, -np.inf
    return x


CASES = [
    case("adaptive_avg_pool2d", X, output_size=1),
    case("adaptive_avg_pool2d", X, output_size=(7, 5)),
    case("adaptive_avg_pool2d", X, output_size=(13, 17)),
    case("adaptive_avg_pool2d", normal(1, 2, 3, 4), output_size=(7, 9)),
    case("adaptive_avg_pool2d", X[0], output_size=(2, 3)),
    case("adaptive_avg_pool2d", X, output_size=(0, 3)),
    case("adaptive_avg_pool2d", normal(0, 3, 4, 4), output_size=2),
    case("adaptive_avg_pool2d", _with_nan(), output_size=6),
    case("adaptive_avg_pool2d", X.astype("float16"), output_size=6),
    case("adaptive_avg_pool1d", LINE, output_size=5),
    case("adaptive_avg_pool1d", LINE[0], output_size=23),
    case("adaptive_avg_pool3d", CUBE, output_size=(2, 3, 4)),
    case("adaptive_avg_pool3d", CUBE[0], output_size=1),
    case("adaptive_max_pool2d", X, output_size=1),
    case("adaptive_max_pool2d", X, output_size=(7, 5)),
    case("adaptive_max_pool2d", normal(1, 2, 3, 4), output_size=(7, 9)),
    case("adaptive_max_pool2d", X[0], output_size=(2, 3)),
    case("adaptive_max_pool2d", _with_nan(), output_size=6),
    case("adaptive_max_pool2d", _with_nan(), output_size=(3, 2), return_indices=True),
    case("adaptive_max_pool2d", X, output_size=(3, 0), return_indices=True),
    case("adaptive_max_pool2d", normal(0, 3, 4, 4), output_size=2, return_indices=True),
    case("adaptive_max_pool2d", X.astype("float16"), output_size=(7, 5), return_indices=True),
    case("adaptive_max_pool1d", LINE, output_size=5),
    case("adaptive_max_pool1d", np.sign(LINE[0]), output_size=23, return_indices=True),
    case("adaptive_max_pool3d", CUBE, output_size=(2, 3, 4)),
    case("adaptive_max_pool3d", np.sign(CUBE[0]), output_size=2, return_indices=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=80)
@given(st.integers(1, 3), st.booleans(), st.data())
def test_adaptive_pooling_of_any_shape(rank, batched, data):
    sizes = st.tuples(*[st.integers(1, (20, 20, 7)[rank - 1])] * rank)
    x, output_size = normal(*([2] if batched else []), 2, *data.draw(sizes)), data.draw(sizes)
    check(case(f"adaptive_avg_pool{rank}d", x, output_size=output_size))
    indices = data.draw(st.booleans())
    check(case(f"adaptive_max_pool{rank}d", np.round(x), output_size=output_size, return_indices=indices))


def test_sizes_stay_symbolic():
    n, h, w = symbol("N"), symbol("H"), symbol("W")
    x = TensorType(DType.FLOAT32, (n, 8, h, w))
    values, indices = registry.get("adaptive_max_pool2d").types(
        [x], {"output_size": (h // 2, 3), "return_indices": True}
    )
    assert values == TensorType(DType.FLOAT32, (n, 8, h // 2, 3))
    assert indices == TensorType(DType.INT64, (n, 8, h // 2, 3))


@pytest.mark.parametrize(
    ("op", "x", "output_size", "message"),
    [
        ("adaptive_avg_pool2d", normal(1, 4, 4), (-1, 1), "output_size must not be negative"),
        ("adaptive_avg_pool2d", normal(1, 4, 4) > 0, 1, "floating point"),
        ("adaptive_max_pool2d", normal(1, 0, 4, 0), 2, "x must be positive"),
        ("adaptive_max_pool1d", normal(1, 4, 4) > 0, 2, "it is bool"),
        ("adaptive_max_pool1d", normal(1, 4, 4, 4), 2, "x must have 2 or 3 dimensions"),
        ("adaptive_avg_pool3d", normal(1, 4, 4), 2, "x must have 4 or 5 dimensions"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, output_size, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([x], {"output_size": output_size})
