"""Reshapes, permutations, expansions and shuffles against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(2, 3, 4, 5)
SCALAR = np.float32(1.5).reshape(())
N, H, W = symbol("N"), symbol("H"), symbol("W")

CASES = [
    *(case("reshape", X, shape=shape) for shape in [(2, 60), (-1,), (6, -1, 2), (2, 3, 4, 5), (1, 120, 1), [5, 4, 6]]),
    case("reshape", SCALAR, shape=(1, 1)),
    case("reshape", normal(1, 1), shape=()),
    case("reshape", normal(0, 3), shape=(3, 0)),
    case("reshape", normal(0, 3), shape=(-1, 3)),
    case("reshape", whole(4), shape=(2, 2)),
    *(case("flatten", X, start_dim=a, end_dim=b) for a, b in [(0, -1), (1, -1), (2, 3), (-3, -2), (1, 1)]),
    case("flatten", SCALAR),
    case("flatten", normal(2, 0, 3), start_dim=1),
    *(case("permute", X, dims=dims) for dims in [(0, 2, 3, 1), (3, 2, 1, 0), (0, -1, 1, -2)]),
    case("permute", SCALAR, dims=()),
    *(case("transpose", X, dim0=a, dim1=b) for a, b in [(1, 2), (-1, -2), (0, 0), (3, 0)]),
    case("transpose", SCALAR, dim0=0, dim1=-1),
    *(
        case("expand", normal(3, 1, 5), size=size)
        for size in [(3, 4, 5), (-1, 4, -1), (2, 3, 4, 5), (2, -1, 1, 5), (3, 0, 5)]
    ),
    case("expand", SCALAR, size=(2, 3)),
    case("expand", SCALAR, size=()),
    *(case("squeeze", normal(1, 3, 1, 5), dim=dim) for dim in [None, 0, 1, -2, (0, 2), (0, 1), ()]),
    case("squeeze", SCALAR),
    case("squeeze", SCALAR, dim=0),
    *(case("unsqueeze", X, dim=dim) for dim in [0, 2, 4, -1, -5]),
    case("unsqueeze", SCALAR, dim=-1),
    *(case("pixel_shuffle", normal(2, 12, 3, 4), upscale_factor=r) for r in (1, 2)),
    case("pixel_shuffle", normal(1, 2, 18, 3, 4), upscale_factor=3),
    case("pixel_shuffle", normal(4, 3, 4), upscale_factor=2),
    *(case("pixel_unshuffle", normal(2, 3, 6, 12), downscale_factor=r) for r in (1, 2, 3)),
    case("pixel_unshuffle", normal(3, 4, 4), downscale_factor=2),
    *(case("pixel_shuffle", normal(*shape), upscale_factor=2) for shape in [(0, 4, 3, 4), (2, 0, 3, 4), (2, 4, 0, 4)]),
    # By larger factors torch leaves the shape of an empty tensor as it is, against its own documentation.
    *(
        case("pixel_unshuffle", normal(*shape), downscale_factor=1)
        for shape in [(0, 4, 2, 4), (2, 0, 2, 4), (2, 4, 2, 0)]
    ),
    *(case("channel_shuffle", normal(2, 6, 3, 4), groups=groups) for groups in (1, 2, 3, 6)),
    case("channel_shuffle", normal(2, 6, 5), groups=3),
    case("channel_shuffle", truth(2, 6, 3, 4), groups=2),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=40)
@given(st.data())
def test_permutations_of_any_rank(data):
    shape = data.draw(st.lists(st.integers(0, 4), max_size=5))
    order = data.draw(st.permutations(range(len(shape))))
    check(case("permute", normal(*shape), dims=tuple(order)))


@settings(max_examples=40)
@given(st.data())
def test_reshapes_of_any_shape(data):
    factors = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    split = data.draw(st.integers(0, len(factors)))
    shape = [*data.draw(st.permutations(factors[:split])), int(np.prod(factors[split:]))]
    shape[data.draw(st.integers(0, len(shape) - 1))] = -1
    check(case("reshape", normal(*factors), shape=tuple(shape)))


def shape_of(op, shape, attributes):
    (result,) = registry.get(op).types([TensorType(DType.FLOAT32, shape)], attributes)
    return result.shape


@pytest.mark.parametrize(
    ("op", "shape", "attributes", "result"),
    [
        ("reshape", (N, 64, H // 4, W // 4), {"shape": (N, 64, -1)}, (N, 64, (H // 4) * (W // 4))),
        ("reshape", (N, H * W, 64), {"shape": (N, H, W, 8, -1)}, (N, H, W, 8, 8)),
        ("reshape", (N, H, W, 3), {"shape": (-1, 3)}, (N * H * W, 3)),
        ("reshape", (2 * H, 6), {"shape": (-1, 4)}, (3 * H, 4)),
        ("flatten", (N, 512, H, W), {"start_dim": 1}, (N, 512 * H * W)),
        ("expand", (1, 1, 768), {"size": (N, -1, -1)}, (N, 1, 768)),
        ("squeeze", (N, 1, H), {}, (N, H)),
        ("pixel_shuffle", (N, 12, H, W), {"upscale_factor": 2}, (N, 3, 2 * H, 2 * W)),
        ("pixel_unshuffle", (N, 3, 2 * H, W * 2), {"downscale_factor": 2}, (N, 12, H, W)),
    ],
)
def test_sizes_stay_symbolic(op, shape, attributes, result):
    assert shape_of(op, shape, attributes) == result


@pytest.mark.parametrize(
    ("op", "shape", "attributes", "message"),
    [
        ("reshape", (2, 3), {"shape": (4, 2)}, r"\(2, 3\) does not reshape to \(4, 2\)"),
        ("reshape", (2, 3), {"shape": (4, -1)}, "does not reshape"),
        ("reshape", (2, 3), {"shape": (-1, -1)}, "does not reshape"),
        ("reshape", (2, 3), {"shape": (-2, -3)}, "does not reshape"),
        ("reshape", (0, 3), {"shape": (0, -1)}, "does not reshape"),
        ("reshape", (H,), {"shape": (H + 1,)}, r"\(H\) does not reshape to \(H \+ 1\)"),
        ("flatten", (2, 3), {"start_dim": 1, "end_dim": 0}, "is after end_dim"),
        ("permute", (2, 3), {"dims": (0,)}, "1 dimensions are named, x has 2"),
        ("permute", (2, 3), {"dims": (0, 0)}, "name one twice"),
        ("transpose", (2, 3), {"dim0": 0, "dim1": 2}, "dimension 2 is out of range for rank 2"),
        ("expand", (2, 3), {"size": (3,)}, "fewer dimensions"),
        ("expand", (2, 3), {"size": (4, 3)}, "size 2 does not expand to 4"),
        ("expand", (3,), {"size": (-1, 3)}, "size must not be negative"),
        ("squeeze", (2, 1), {"dim": 2}, "out of range"),
        ("unsqueeze", (2, 1), {"dim": 3}, "out of range"),
        ("pixel_shuffle", (1, 6, 2, 2), {"upscale_factor": 2}, "number of channels 6 is not a multiple of 4"),
        ("pixel_shuffle", (1, 6, 2, 2), {"upscale_factor": 0}, "must be positive"),
        ("pixel_unshuffle", (1, 6, 2, 3), {"downscale_factor": 2}, "height or width 3 is not a multiple of 2"),
        ("pixel_unshuffle", (6, 2), {"downscale_factor": 2}, "three dimensions or more"),
        ("channel_shuffle", (1, 6, 2, 3), {"groups": 4}, "number of channels 6 is not a multiple of 4"),
        ("channel_shuffle", (1, 6), {"groups": 2}, "three dimensions or more"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, shape, attributes, message):
    with pytest.raises(ShapeError, match=message):
        shape_of(op, shape, attributes)
