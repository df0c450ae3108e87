"""Max unpooling against torch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal


def pooled(x, **window):
    """What max pooling gives for ``x``: values and where they were."""
    return registry.get(f"max_pool{len(window['kernel_size'])}d").compute([x], {**window, "return_indices": True})


LINE = pooled(normal(2, 3, 8), kernel_size=(2,))
MAP = pooled(normal(2, 3, 8, 9), kernel_size=(2, 3))
CUBE = pooled(normal(2, 2, 4, 4, 6), kernel_size=(2, 2, 2))

CASES = [
    case("max_unpool1d", *LINE, kernel_size=2),
    case("max_unpool1d", LINE[0][0], LINE[1][0], kernel_size=2),
    case("max_unpool1d", *LINE, kernel_size=2, output_size=(9,)),
    case("max_unpool2d", *MAP, kernel_size=(2, 3)),
    case("max_unpool2d", *(v[0] for v in MAP), kernel_size=(2, 3), output_size=(9, 10)),
    case("max_unpool2d", *(v[:0] for v in MAP), kernel_size=(2, 3)),
    case("max_unpool2d", MAP[0].astype("float64"), MAP[1], kernel_size=(2, 3)),
    case("max_unpool3d", *CUBE, kernel_size=2),
    case("max_unpool3d", *(v[0] for v in CUBE), kernel_size=2, output_size=(5, 4, 7)),
    *(
        case(f"max_unpool{rank}d", *pooled(normal(1, 2, *[7] * rank), **window), **window)
        for rank in (1, 2, 3)
        for window in [{"kernel_size": (3,) * rank, "stride": (2,) * rank, "padding": (1,) * rank}]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=60)
@given(st.integers(1, 3), st.data())
def test_unpooling_of_any_shape(rank, data):
    kernel = data.draw(st.tuples(*[st.integers(1, 3)] * rank))
    size = tuple(data.draw(st.integers(k, k + 5)) for k in kernel)
    x = normal(2, 2, *size)
    # At a stride of the window's size no value is taken twice; torch says nothing of which counts then.
    values, indices = pooled(x, kernel_size=kernel)
    usual = [n // k * k for n, k in zip(size, kernel, strict=True)]
    assume(all(n < m + k for n, m, k in zip(size, usual, kernel, strict=True)))
    check(case(f"max_unpool{rank}d", values, indices, kernel_size=kernel, output_size=size))


def test_the_size_may_be_one_that_the_input_has():
    n, h, w = symbol("N"), symbol("H"), symbol("W")
    x, indices = (TensorType(t, (n, 3, h // 2, w // 2)) for t in (DType.FLOAT32, DType.INT64))
    op = registry.get("max_unpool2d")
    assert op.types([x, indices], {"kernel_size": 2})[0].shape == (n, 3, h // 2 * 2, w // 2 * 2)
    assert op.types([x, indices], {"kernel_size": 2, "output_size": (h, w)})[0].shape == (n, 3, h, w)


def test_an_index_outside_of_the_result_is_refused():
    x, indices = np.ones((1, 1, 2), np.float32), np.array([[[0, 4]]])
    for wrong in (indices, -indices):
        with pytest.raises(GraphError, match=r"an index is outside 0\.\.3"):
            registry.get("max_unpool1d").compute([x, wrong], {"kernel_size": 2})


@pytest.mark.parametrize(
    ("inputs", "attributes", "message"),
    [
        ([MAP[0], MAP[0]], {"kernel_size": 2}, "indices must be int64, it is float32"),
        ([MAP[0], MAP[1][0]], {"kernel_size": 2}, "indices must have 4 dimensions"),
        ([MAP[0], MAP[1][..., :2]], {"kernel_size": 2}, "a dimension of indices is 2, must be 3"),
        ([MAP[0][0, 0], MAP[1][0, 0]], {"kernel_size": 2}, "x must have 3 or 4 dimensions"),
        ([*MAP], {"kernel_size": 2, "stride": 0}, "stride must be positive"),
        ([*MAP], {"kernel_size": 2, "padding": -1}, "padding must not be negative"),
        ([*MAP], {"kernel_size": 1, "padding": 4}, "output must be positive"),
        ([*MAP], {"kernel_size": 2, "output_size": (10, 6)}, "output_size 10 must be within 2 of 8"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get("max_unpool2d").compute(inputs, attributes)
