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

X, LINE, CUBE = normal(2, 3, 13, 17), normal(2, 3, 19), normal(2, 2, 5, 6, 7)


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
    case("avg_pool2d", X, kernel_size=2, stride=()),
    case("avg_pool2d", X[0], kernel_size=3),
    case("avg_pool2d", _with_nan(), kernel_size=3),
    case("avg_pool2d", X.astype("float16"), kernel_size=3),
    case("avg_pool2d", X.astype("float64"), kernel_size=3, padding=1),
    case("avg_pool2d", whole(1, 2, 7, 7), kernel_size=3, stride=2, padding=1),
    case("avg_pool2d", whole(1, 2, 7, 7), kernel_size=2, divisor_override=-3),
    case("avg_pool2d", normal(0, 3, 8, 8), kernel_size=2),
    case("max_pool2d", X, kernel_size=3, stride=2, padding=1, return_indices=True),
    case("max_pool2d", X[0], kernel_size=(2, 3), dilation=(1, 2), ceil_mode=True, return_indices=True),
    case("max_pool2d", _with_nan(), kernel_size=3, stride=1, padding=1, return_indices=True),
    case("max_pool2d", np.full((1, 2, 4, 4), -np.inf, np.float32), kernel_size=3, padding=1, return_indices=True),
    case("max_pool2d", whole(1, 2, 8, 8, low=0, high=3), kernel_size=3, padding=1, return_indices=True),
    case("max_pool2d", normal(0, 3, 8, 8), kernel_size=2, return_indices=True),
    case("max_pool2d", X.astype("float16"), kernel_size=3, return_indices=True),
    case("max_pool1d", LINE, kernel_size=3, stride=2, padding=1),
    case("max_pool1d", LINE, kernel_size=3, dilation=2, ceil_mode=True),
    case("max_pool1d", LINE[0], kernel_size=(2,), stride=(3,)),
    case("max_pool1d", LINE, kernel_size=4, padding=2, ceil_mode=True, return_indices=True),
    case("max_pool1d", _with_nan()[0, 0], kernel_size=3, stride=1, return_indices=True),
    case("max_pool1d", normal(0, 3, 8), kernel_size=2),
    case("max_pool1d", LINE.astype("float16"), kernel_size=3),
    case("max_pool3d", CUBE, kernel_size=2),
    case("max_pool3d", CUBE, kernel_size=(1, 2, 3), stride=(2, 1, 2), padding=(0, 1, 1), ceil_mode=True),
    case("max_pool3d", CUBE[0], kernel_size=2, dilation=(1, 2, 1), stride=1),
    case("max_pool3d", CUBE, kernel_size=3, stride=2, padding=1, return_indices=True),
    case("max_pool3d", np.sign(CUBE), kernel_size=2, return_indices=True),
    case("max_pool3d", whole(1, 2, 4, 4, 4), kernel_size=2),
    case("avg_pool1d", LINE, kernel_size=3, stride=2, padding=1),
    case("avg_pool1d", LINE, kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False),
    case("avg_pool1d", LINE[0], kernel_size=4, ceil_mode=True),
    case("avg_pool1d", LINE.astype("float16"), kernel_size=4),
    case("avg_pool1d", normal(0, 3, 8), kernel_size=2),
    case("avg_pool3d", CUBE, kernel_size=2),
    case("avg_pool3d", CUBE, kernel_size=(2, 3, 2), stride=2, padding=1, count_include_pad=False, ceil_mode=True),
    case("avg_pool3d", CUBE[0], kernel_size=2, stride=(1, 2, 1), divisor_override=3),
    case("avg_pool3d", CUBE.astype("float64"), kernel_size=3, padding=1),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=150)
@given(st.sampled_from(["max", "avg"]), st.integers(1, 3), st.booleans(), st.booleans(), st.data())
def test_pooling_of_any_shape(family, rank, ceil_mode, batched, data):
    few = st.tuples(*[st.integers(1, 5 - rank)] * rank)
    kernel, stride = data.draw(few), data.draw(few)
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    dilation = data.draw(few) if family == "max" else (1,) * rank
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [data.draw(st.integers(n, n + 7)) for n in spans]
    if family == "max":
        own = {"dilation": dilation, "return_indices": data.draw(st.booleans())}
    else:
        own = {"count_include_pad": data.draw(st.booleans())}
        if rank > 1:
            own["divisor_override"] = data.draw(st.sampled_from([None, 2, 7]))
    x = normal(*([2] if batched else []), 2, *size)
    x = np.round(x) if data.draw(st.booleans()) else x  # ties
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    check(case(f"{family}_pool{rank}d", x, **options, **own))


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
        ("max_pool1d", normal(4, 4, 4, 4), {"kernel_size": 2}, "x must have 2 or 3 dimensions"),
        ("max_pool3d", normal(4, 4, 4), {"kernel_size": 2}, "x must have 4 or 5 dimensions"),
        ("avg_pool2d", whole(1, 4, 4, dtype="int32"), {"kernel_size": 2}, "floating point or int64, it is int32"),
        ("avg_pool2d", normal(1, 4, 4), {"kernel_size": 2, "divisor_override": 0}, "must not be zero"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([x], attributes)
