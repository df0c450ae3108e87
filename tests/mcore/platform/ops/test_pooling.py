"""Pooling against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, whole

X = normal(2, 3, 13, 17)


def _with_nan():
    x = X.copy()
    x[0, 0, 4, 4] = np.nan
    x[0, 1, 5, 5], x[1, 2, 6, 6] = np.inf, -np.inf
    return x


CASES = [
    case("max_pool2d", X, kernel_size=2),
    case("max_pool2d", X, kernel_size=3, stride=2, padding=1),
    case("max_pool2d", X, kernel_size=3, stride=2, ceil_mode=True),
    case("max_pool2d", X, kernel_size=3, stride=2, padding=1, ceil_mode=True),
    case("max_pool2d", X, kernel_size=(2, 3), stride=(3, 2), padding=(1, 0), ceil_mode=True),
    case("max_pool2d", X, kernel_size=3, stride=1, padding=1, dilation=2),
    case("max_pool2d", X, kernel_size=2, stride=5, ceil_mode=True),
    case("max_pool2d", X, kernel_size=1, stride=2),
    case("max_pool2d", X[0], kernel_size=3),
    case("max_pool2d", X - 50, kernel_size=3, padding=1),
    case("max_pool2d", _with_nan(), kernel_size=3, stride=2, padding=1),
    case("max_pool2d", whole(1, 2, 8, 8, low=-90, high=-80), kernel_size=3, padding=1),
    case("max_pool2d", normal(0, 3, 8, 8), kernel_size=2),
    case("max_pool2d", X.astype("float16"), kernel_size=3),
    case("avg_pool2d", X, kernel_size=2),
    case("avg_pool2d", X, kernel_size=3, stride=2, padding=1),
    case("avg_pool2d", X, kernel_size=3, stride=2, padding=1, count_include_pad=False),
    case("avg_pool2d", X, kernel_size=3, stride=2, padding=1, ceil_mode=True),
    case("avg_pool2d", X, kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    case("avg_pool2d", X, kernel_size=(4, 2), stride=(3, 5), padding=(2, 1), ceil_mode=True),
    case("avg_pool2d", X, kernel_size=3, stride=2, padding=1, divisor_override=7),
    case("avg_pool2d", X, kernel_size=(13, 17)),
    case("avg_pool2d", X[0], kernel_size=3),
    case("avg_pool2d", _with_nan(), kernel_size=3),
    case("avg_pool2d", X.astype("float16"), kernel_size=3),
    case("avg_pool2d", X.astype("float64"), kernel_size=3, padding=1),
    case("adaptive_avg_pool2d", X, output_size=1),
    case("adaptive_avg_pool2d", X, output_size=(7, 5)),
    case("adaptive_avg_pool2d", X, output_size=(13, 17)),
    case("adaptive_avg_pool2d", normal(1, 2, 3, 4), output_size=(7, 9)),
    case("adaptive_avg_pool2d", X[0], output_size=(2, 3)),
    case("adaptive_avg_pool2d", _with_nan(), output_size=6),
    case("adaptive_avg_pool2d", X.astype("float16"), output_size=6),
    case("adaptive_max_pool2d", X, output_size=1),
    case("adaptive_max_pool2d", X, output_size=(7, 5)),
    case("adaptive_max_pool2d", normal(1, 2, 3, 4), output_size=(7, 9)),
    case("adaptive_max_pool2d", X[0], output_size=(2, 3)),
    case("adaptive_max_pool2d", _with_nan(), output_size=6),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["max_pool2d", "avg_pool2d"]), st.booleans(), st.data())
def test_pooling_of_any_shape(op, ceil_mode, data):
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, stride = data.draw(pair), data.draw(pair)
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    height, width = (data.draw(st.integers(k, k + 11)) for k in kernel)
    own = {} if op == "max_pool2d" else {"count_include_pad": data.draw(st.booleans())}
    x = normal(1, 2, height, width)
    check(case(op, x, kernel_size=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode, **own))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["adaptive_avg_pool2d", "adaptive_max_pool2d"]),
    st.tuples(*[st.integers(1, 20)] * 2),
    st.tuples(*[st.integers(1, 20)] * 2),
)
def test_adaptive_pooling_of_any_shape(op, size, output_size):
    check(case(op, normal(1, 2, *size), output_size=output_size))


@pytest.mark.parametrize(
    ("attributes", "height"),
    [
        ({"kernel_size": 3, "stride": 2, "padding": 1}, "((H + 1) // 2)"),
        ({"kernel_size": 3, "stride": 2, "ceil_mode": True}, "((H) // 2)"),
        ({"kernel_size": 2, "stride": 2, "ceil_mode": True}, "((H + 1) // 2)"),
        ({"kernel_size": 3, "stride": 1, "padding": 1}, "H"),
    ],
)
def test_usual_windows_have_simple_sizes(attributes, height):
    x = TensorType(DType.FLOAT32, (symbol("N"), 64, symbol("H"), symbol("W")))
    (result,) = registry.get("max_pool2d").types([x], attributes)
    assert str(result.shape[2]) == height


def test_the_whole_image_may_be_the_window():
    h, w = symbol("H"), symbol("W")
    x = TensorType(DType.FLOAT32, (1, 64, h, w))
    (result,) = registry.get("avg_pool2d").types([x], {"kernel_size": (h, w)})
    assert result.shape == (1, 64, 1, 1)


@pytest.mark.parametrize(
    ("op", "x", "attributes", "message"),
    [
        ("max_pool2d", normal(1, 2, 4, 4), {"kernel_size": 5}, "window of 5 is larger than the padded size 4"),
        ("max_pool2d", normal(1, 2, 4, 4), {"kernel_size": 2, "padding": 2}, "more than half of the window"),
        ("max_pool2d", normal(1, 2, 4, 4), {"kernel_size": 2, "stride": 0}, "stride must be positive"),
        ("max_pool2d", normal(1, 2, 4, 4), {"kernel_size": 2, "padding": -1}, "padding must not be negative"),
        ("max_pool2d", normal(2, 4), {"kernel_size": 2}, "x must have 3 or 4 dimensions"),
        ("max_pool2d", normal(1, 4, 4) > 0, {"kernel_size": 2}, "it is bool"),
        ("avg_pool2d", whole(1, 4, 4), {"kernel_size": 2}, "floating point"),
        ("avg_pool2d", normal(1, 4, 4), {"kernel_size": 2, "divisor_override": 0}, "must not be zero"),
        ("adaptive_avg_pool2d", normal(1, 4, 4), {"output_size": (0, 1)}, "output_size must be positive"),
        ("adaptive_max_pool2d", normal(1, 0, 4, 0), {"output_size": 2}, "x must be positive"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([x], attributes)
