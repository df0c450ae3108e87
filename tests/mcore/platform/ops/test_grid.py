"""Sampling at any position, and grids of affine maps, against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.ops.grid import MODES, PADDING_MODES

from .parity import case, check, normal

X, VOLUME = normal(2, 3, 7, 5), normal(2, 3, 4, 5, 6)
GRID, GRID_3D = normal(2, 4, 9, 2) * 0.8, normal(2, 3, 2, 4, 3) * 0.8
#: On pixels, on the border, half a pixel outside, and far away.
EDGES = np.array([-1, 1, 0, -1.2, 1.2, 0.2, -0.8, 3.7, -9.1], np.float32)
EDGE_GRID = np.stack(np.meshgrid(EDGES, EDGES), -1)[None]

CASES = [
    *(
        case("grid_sample", x, grid, mode=mode, padding_mode=padding, align_corners=align, tolerance=2e-5)
        for x, grid in [(X, GRID), (VOLUME, GRID_3D)]
        for mode in (MODES if x is X else MODES[:2])
        for padding in PADDING_MODES
        for align in (False, True)
    ),
    *(
        case(
            "grid_sample", normal(1, 2, 5, 5), EDGE_GRID, mode=mode, padding_mode=p, align_corners=True, tolerance=2e-5
        )
        for mode in ("bilinear", "bicubic")
        for p in PADDING_MODES
    ),
    case("grid_sample", X.astype("float64"), GRID.astype("float64"), tolerance=1e-12),
    case("grid_sample", normal(1, 1, 1, 1), normal(1, 3, 3, 2), padding_mode="reflection", align_corners=True),
    case("grid_sample", normal(0, 3, 4, 4), normal(0, 2, 2, 2), align_corners=False),
    *(
        case("affine_grid", normal(2, n, n + 1), size=size, align_corners=align, symbolic=False)
        for n, size in [(2, (2, 3, 4, 5)), (2, (2, 3, 1, 6)), (3, (2, 1, 3, 4, 2))]
        for align in (False, True)
    ),
    case("affine_grid", normal(1, 2, 3, dtype="float64"), size=(1, 1, 3, 3), symbolic=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.filterwarnings("ignore:Default grid_sample and affine_grid behavior", "ignore:Since version 1.3.0")
def test_parity(case):
    check(case)


@settings(max_examples=80)
@given(
    st.sampled_from(MODES),
    st.sampled_from(PADDING_MODES),
    st.booleans(),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.floats(0.1, 3),
)
def test_images_and_positions_of_any_size(mode, padding, align, size, spread):
    grid = normal(1, 3, 4, 2, seed=1) * np.float32(spread)
    attributes = {"mode": mode, "padding_mode": padding, "align_corners": align}
    check(case("grid_sample", normal(1, 2, *size), grid, tolerance=1e-4, symbolic=False, **attributes))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", PADDING_MODES)
def test_a_position_that_is_no_number_harms_no_other(mode, padding):
    grid = GRID.copy()
    grid[0, 0, 0], grid[1, 1, 1] = np.nan, np.inf
    op = registry.get("grid_sample")
    (plain,) = op.compute([X, GRID], {"mode": mode, "padding_mode": padding})
    (result,) = op.compute([X, grid], {"mode": mode, "padding_mode": padding})
    kept = np.ones(plain.shape, bool)
    kept[0, :, 0, 0], kept[1, :, 1, 1] = False, False
    np.testing.assert_array_equal(result[kept], plain[kept])


def test_sizes_stay_symbolic():
    n, h, w = map(symbol, "NHW")
    x, grid = TensorType(DType.FLOAT32, (n, 3, h, w)), TensorType(DType.FLOAT32, (n, h // 2, w + 1, 2))
    assert registry.get("grid_sample").types([x, grid], {})[0].shape == (n, 3, h // 2, w + 1)
    theta = TensorType(DType.FLOAT32, (n, 2, 3))
    assert registry.get("affine_grid").types([theta], {"size": (n, 3, h, w)})[0].shape == (n, h, w, 2)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("grid_sample", [X, GRID], {"mode": "cubic"}, "mode must be one of bilinear"),
        ("grid_sample", [VOLUME, GRID_3D], {"mode": "bicubic"}, "bicubic for images alone"),
        ("grid_sample", [X, GRID], {"padding_mode": "wrap"}, "padding_mode must be one of zeros"),
        ("grid_sample", [X, GRID_3D], {}, "grid must have 4 dimensions"),
        ("grid_sample", [X, GRID[:1]], {}, "batch of grid is 1, must be 2"),
        ("grid_sample", [X, normal(2, 3, 3, 3)], {}, "last dimension of grid is 3, must be 2"),
        ("grid_sample", [X, GRID.astype("float64")], {}, "grid must be float32 as x"),
        ("grid_sample", [normal(2, 3, 0, 5), GRID], {}, "x must be positive"),
        ("affine_grid", [normal(2, 2, 3)], {"size": (2, 3, 4)}, "four or five numbers"),
        ("affine_grid", [normal(2, 3, 3)], {"size": (2, 3, 4, 4)}, "rows of theta is 3, must be 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)
