"""Resizing against torch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcore.platform.dims import evaluate, symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.ops.resize import NEAREST, output_size

from .parity import case, check, normal, whole

X = normal(2, 3, 9, 13)
LINE, VOLUME = normal(2, 3, 11), normal(1, 2, 4, 5, 6)
SMOOTH = ("bilinear", "bicubic")
H, W = symbol("H"), symbol("W")
SIZES = [{"size": s} for s in [(18, 26), (9, 13), (5, 31), (1, 1), (27, 4), 11]]
RECIPROCALS = [1 / n for n in range(1, 33)]
FACTORS = [{"scale_factor": f} for f in (2, 0.5, 1.7, (0.3, 3.3), 1.0, 4)]

CASES = [
    *(case("interpolate", X, mode=mode, **to) for mode in NEAREST for to in (*SIZES, *FACTORS)),
    *(
        case("interpolate", X, mode=mode, align_corners=align, antialias=smooth, tolerance=1e-5, **to)
        for mode in SMOOTH
        for align in (None, False, True)
        for smooth in (False, True)
        for to in (*SIZES, *FACTORS)
    ),
    *(case("interpolate", normal(1, 1, 1, 2), scale_factor=1.25, mode=m, tolerance=1e-5) for m in NEAREST + SMOOTH),
    case("interpolate", normal(1, 1, 1, 1), size=(3, 2), mode="bilinear"),
    case("interpolate", normal(1, 1, 1, 5), size=(3, 2), mode="bicubic", align_corners=True),
    case("interpolate", whole(1, 2, 4, 4, low=0, dtype="uint8"), size=(7, 3)),
    *(case("interpolate", X.astype("float64"), size=(7, 31), mode=m, tolerance=1e-5) for m in SMOOTH),
    case("interpolate", X.astype("float16"), scale_factor=2, mode="bilinear"),
    case("interpolate", normal(0, 3, 4, 4), size=(2, 2)),
    *(
        case("interpolate", x, mode=mode, tolerance=1e-5, **to)
        for x, smooth, tos in [
            (LINE, "linear", [{"size": 7}, {"size": (22,)}, {"scale_factor": 1.7}, {"scale_factor": (0.5,)}]),
            (
                VOLUME,
                "trilinear",
                [{"size": 3}, {"size": (8, 5, 9)}, {"scale_factor": 2}, {"scale_factor": (1.5, 1, 0.5)}],
            ),
        ]
        for mode in (*NEAREST, smooth)
        for to in tos
    ),
    *(
        case("interpolate", x, mode=mode, align_corners=True, size=5, tolerance=1e-5)
        for x, mode in [(LINE, "linear"), (VOLUME, "trilinear")]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=80)
@given(st.sampled_from(NEAREST + SMOOTH), *[st.integers(1, 40)] * 4)
def test_resizing_between_any_sizes(mode, height, width, rows, columns):
    check(case("interpolate", normal(1, 1, height, width), size=(rows, columns), mode=mode, tolerance=2e-5))


@settings(max_examples=80)
@given(st.sampled_from(NEAREST + SMOOTH), st.tuples(*[st.integers(1, 40)] * 2), st.floats(0.1, 5))
def test_resizing_by_any_factor(mode, size, factor):
    assume(min(size) * factor >= 1)
    assume(
        mode != "nearest" or not any(output_size(s, factor) == 2 * s for s in size)
    )  # torch's result depends on the path
    check(case("interpolate", normal(1, 1, *size), scale_factor=factor, mode=mode, tolerance=5e-5, symbolic=False))


@settings(max_examples=80)
@given(
    st.integers(1, 4096),
    st.builds(lambda n, k: n / 2**k, st.integers(1, 64), st.integers(0, 6)) | st.sampled_from(RECIPROCALS),
)
def test_symbolic_sizes_are_those_of_torch_for_simple_factors(size, factor):
    assert evaluate(output_size(H, factor), {"H": size}) == output_size(size, factor)


def test_sizes_stay_symbolic():
    x = TensorType(DType.FLOAT32, (1, 64, H, W))
    op = registry.get("interpolate")
    assert op.types([x], {"scale_factor": 2})[0].shape == (1, 64, 2 * H, 2 * W)
    assert op.types([x], {"scale_factor": (0.5, 1 / 3)})[0].shape == (1, 64, H // 2, W // 3)
    assert op.types([x], {"size": (2 * H, W + 1), "mode": "bilinear"})[0].shape == (1, 64, 2 * H, W + 1)


@pytest.mark.parametrize("mode", SMOOTH)
@pytest.mark.parametrize("antialias", [False, True])
def test_nan_stays_in_its_neighbourhood(mode, antialias):
    x = np.ones((1, 1, 20, 20), np.float32)
    x[0, 0, 2, 2] = np.nan
    (result,) = registry.get("interpolate").compute([x], {"size": 10, "mode": mode, "antialias": antialias})
    assert np.isnan(result[0, 0, 1, 1])
    np.testing.assert_allclose(result[0, 0, 5:, 5:], 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "attributes", "message"),
    [
        (
            X,
            {"size": 3, "mode": "cubic"},
            "mode must be one of nearest, nearest-exact, linear, bilinear, bicubic, trilinear",
        ),
        (X, {}, "one of size and scale_factor must be given"),
        (X, {"size": 3, "scale_factor": 2}, "one of size and scale_factor must be given"),
        (X, {"size": 3, "align_corners": False}, "takes neither align_corners nor antialias"),
        (X, {"size": 3, "antialias": True}, "takes neither align_corners nor antialias"),
        (X, {"scale_factor": 0}, "scale_factor must be positive"),
        (X, {"scale_factor": float("nan")}, "scale_factor must be positive"),
        (X, {"scale_factor": 0.01}, "size must be positive"),
        (X, {"size": (3, 0)}, "size must be positive"),
        (X[0, 0], {"size": 3}, "x must have 3 or 4 or 5 dimensions"),
        (X[0], {"size": 3, "mode": "bilinear"}, "mode 'bilinear' takes a tensor of 4 dimensions, x has 3"),
        (X, {"size": 3, "mode": "trilinear"}, "mode 'trilinear' takes a tensor of 5 dimensions, x has 4"),
        (LINE, {"size": 3, "mode": "linear", "antialias": True}, "antialias is for images alone"),
        (VOLUME, {"size": (3, 4)}, "2 sizes or factors for 3 dimensions"),
        (whole(1, 1, 2, 2), {"size": 3, "mode": "bilinear"}, "floating point for mode 'bilinear'"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get("interpolate").compute([x], attributes)
