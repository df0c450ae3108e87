"""Convolutions against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import evaluate, symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal

CASES = [
    case("conv2d", normal(2, 3, 9, 11), normal(4, 3, 3, 3)),
    case("conv2d", normal(2, 3, 9, 11), normal(4, 3, 3, 3), normal(4), stride=2, padding=1),
    case("conv2d", normal(1, 3, 13, 8), normal(5, 3, 1, 1), normal(5)),
    case("conv2d", normal(1, 3, 13, 8), normal(5, 3, 1, 1), stride=3),
    case("conv2d", normal(1, 4, 13, 10), normal(6, 2, 3, 5), normal(6), padding=(2, 3), groups=2),
    case("conv2d", normal(2, 6, 7, 7), normal(6, 1, 3, 3), normal(6), padding=1, groups=6),
    case("conv2d", normal(2, 3, 7, 7), normal(12, 1, 3, 3), padding=1, groups=3),
    case("conv2d", normal(1, 2, 20, 17), normal(3, 2, 3, 3), dilation=(2, 3), padding=(2, 0)),
    case("conv2d", normal(1, 2, 20, 17), normal(3, 2, 3, 2), stride=(3, 2), dilation=(1, 4), padding=(0, 5)),
    case("conv2d", normal(1, 3, 7, 7), normal(4, 3, 7, 7)),
    case("conv2d", normal(1, 3, 5, 6), normal(4, 3, 7, 7), padding=3, stride=2),
    case("conv2d", normal(2, 3, 6, 6, dtype="float64"), normal(4, 3, 3, 3, dtype="float64")),
    case(
        "conv2d", normal(2, 3, 6, 6, dtype="float16"), normal(4, 3, 3, 3, dtype="float16"), normal(4, dtype="float16")
    ),
    case("conv2d", normal(0, 3, 6, 6), normal(4, 3, 3, 3)),
    case("conv1d", normal(2, 3, 19), normal(4, 3, 5), normal(4), stride=2, padding=2, dilation=2),
    case("conv1d", normal(2, 4, 9), normal(4, 1, 3), groups=4, padding=(1,)),
    case("conv_transpose2d", normal(2, 3, 5, 7), normal(3, 4, 2, 2), normal(4), stride=2),
    case("conv_transpose2d", normal(1, 3, 5, 7), normal(3, 4, 3, 3), stride=2, padding=1, output_padding=1),
    case(
        "conv_transpose2d", normal(1, 4, 5, 6), normal(4, 3, 3, 2), normal(6), stride=(3, 1), groups=2, dilation=(2, 3)
    ),
    case("conv_transpose2d", normal(2, 3, 4, 4), normal(3, 1, 4, 4), stride=2, padding=1, groups=3),
    case("conv_transpose2d", normal(1, 2, 3, 3), normal(2, 2, 3, 3), dilation=3, output_padding=2),
    case("conv_transpose2d", normal(1, 2, 3, 3, dtype="float16"), normal(2, 2, 3, 3, dtype="float16")),
    case("conv_transpose2d", normal(0, 2, 3, 3), normal(2, 2, 3, 3)),
    case("conv3d", normal(2, 3, 5, 6, 7), normal(4, 3, 3, 2, 3), normal(4), stride=(1, 2, 1), padding=(1, 0, 2)),
    case("conv3d", normal(1, 4, 5, 6, 7), normal(4, 1, 2, 2, 2), groups=4, dilation=(2, 1, 3)),
    case("conv3d", normal(0, 2, 3, 3, 3), normal(2, 2, 3, 3, 3)),
    case("conv3d", normal(1, 2, 3, 4, 3, dtype="float16"), normal(2, 2, 2, 2, 2, dtype="float16")),
    case("conv_transpose1d", normal(2, 3, 7), normal(3, 4, 3), normal(4), stride=2, padding=1, output_padding=1),
    case("conv_transpose1d", normal(1, 4, 7), normal(4, 2, 3), groups=2, dilation=(3,)),
    case(
        "conv_transpose3d", normal(1, 2, 3, 2, 4), normal(2, 3, 2, 3, 2), normal(3), stride=(2, 1, 3), padding=(0, 1, 1)
    ),
    case("conv_transpose3d", normal(1, 4, 2, 2, 3), normal(4, 1, 3, 2, 3), groups=2, dilation=2, output_padding=1),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=100)
@given(st.integers(1, 3), st.data())
def test_convolution_of_any_shape(rank, data):
    draw, few = data.draw, st.integers(1, (5, 4, 3)[rank - 1])
    several = st.tuples(*[few] * rank)
    groups, kernel, dilation, stride, padding = draw(few), *(draw(several) for _ in range(4))
    smallest = [max(1, d * (k - 1) + 1 - 2 * p) for d, k, p in zip(dilation, kernel, padding, strict=True)]
    size = [draw(st.integers(n, n + 11 - 3 * rank)) for n in smallest]
    x = normal(draw(few), groups * draw(few), *size)
    weight = normal(groups * draw(few), x.shape[1] // groups, *kernel)
    bias = normal(weight.shape[0]) if draw(st.booleans()) else None
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    check(case(f"conv{rank}d", x, weight, bias, **options))


@settings(max_examples=80)
@given(st.integers(1, 3), st.data())
def test_transposed_convolution_of_any_shape(rank, data):
    draw, few = data.draw, st.integers(1, 3)
    several = st.tuples(*[few] * rank)
    groups, kernel, stride, dilation = draw(few), draw(several), draw(several), draw(several)
    extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    padding = tuple(draw(st.integers(0, (k - 1) // 2)) for k in kernel)
    x = normal(draw(few), groups * draw(few), *draw(several))
    weight = normal(x.shape[1], draw(few), *kernel)
    options = {"stride": stride, "padding": padding, "output_padding": extra, "groups": groups, "dilation": dilation}
    check(case(f"conv_transpose{rank}d", x, weight, **options))


def test_nan_reaches_the_windows_that_hold_it_alone():
    x = np.zeros((1, 1, 7, 7), np.float32)
    x[0, 0, 3, 3] = np.nan
    (result,) = registry.get("conv2d").compute([x, np.ones((1, 1, 3, 3), np.float32)], {})
    assert np.isnan(result).sum() == 9
    assert np.isnan(result[0, 0, 1:4, 1:4]).all()


def test_sizes_stay_symbolic():
    n, h, w = symbol("N"), symbol("H"), symbol("W")
    x, weight = TensorType(DType.FLOAT32, (n, 3, h, w)), TensorType(DType.FLOAT32, (8, 3, 7, 7))
    (result,) = registry.get("conv2d").types([x, weight], {"stride": 2, "padding": 3})
    assert result.shape == (n, 8, (h + 1) // 2, (w + 1) // 2)


def test_what_is_added_to_a_transposed_one_may_depend_on_the_size():
    h = symbol("H")
    x, weight = TensorType(DType.FLOAT32, (1, 3, (h + 1) // 2)), TensorType(DType.FLOAT32, (3, 8, 3))
    extra = (h + 1) % 2
    (result,) = registry.get("conv_transpose1d").types(
        [x, weight], {"stride": 2, "padding": 1, "output_padding": (extra,)}
    )
    assert [evaluate(result.shape[2], {"H": size}) for size in (7, 8)] == [7, 8]


@pytest.mark.parametrize(
    ("op", "shapes", "attributes", "message"),
    [
        ("conv2d", [(1, 3, 8, 8), (4, 2, 3, 3)], {}, "number of channels of x is 3, must be 2"),
        ("conv2d", [(1, 4, 8, 8), (3, 2, 3, 3)], {"groups": 2}, "not a multiple of groups=2"),
        ("conv2d", [(3, 8, 8), (4, 3, 3, 3)], {}, "x must have 4 dimensions"),
        ("conv3d", [(3, 3, 8, 8), (4, 3, 3, 3, 3)], {}, "x must have 5 dimensions"),
        ("conv_transpose1d", [(3, 3, 8), (3, 4, 3, 3)], {}, "weight must have 3 dimensions"),
        ("conv2d", [(1, 3, 8, 8), (4, 3, 3)], {}, "weight must have 4 dimensions"),
        ("conv2d", [(1, 3, 8, 8), (4, 3, 9, 9)], {}, "window of 9 is larger than the padded size 8"),
        ("conv2d", [(1, 3, 8, 8), (4, 3, 3, 3), (5,)], {}, "size of bias is 5, must be 4"),
        ("conv2d", [(1, 3, 8, 8), (4, 3, 3, 3)], {"stride": 0}, "stride must be positive"),
        ("conv2d", [(1, 3, 8, 8), (4, 3, 3, 3)], {"padding": -1}, "padding must not be negative"),
        ("conv2d", [(1, 3, 8, 8), (4, 3, 3, 3)], {"groups": 0}, "groups must be positive"),
        ("conv_transpose2d", [(1, 3, 8, 8), (3, 4, 3, 3)], {"output_padding": 1}, "output_padding 1 must be smaller"),
        ("conv_transpose2d", [(1, 3, 1, 1), (3, 4, 1, 1)], {"padding": 1}, "output must be positive"),
        ("conv_transpose2d", [(1, 2, 8, 8), (3, 4, 3, 3)], {}, "number of channels of x is 2, must be 3"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, shapes, attributes, message):
    with pytest.raises(ShapeError, match=f"op '{op}': .*{message}"):
        registry.get(op).compute([normal(*s) for s in shapes], attributes)


def test_types_must_agree():
    with pytest.raises(GraphError, match="weight is float64, x is float32"):
        registry.get("conv2d").compute([normal(1, 1, 3, 3), normal(1, 1, 3, 3, dtype="float64")], {})


def test_a_large_convolution_takes_no_copy_of_its_windows():
    """A window matrix of this one would take 3.6 GB."""
    import tracemalloc

    x, weight = np.zeros((1, 32, 224, 224), np.float32), np.zeros((8, 32, 24, 24), np.float32)
    tracemalloc.start()
    registry.get("conv2d").compute([x, weight], {})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64e6
