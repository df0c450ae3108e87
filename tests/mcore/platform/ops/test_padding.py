"""Padding against torch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(2, 3, 5, 6)
H, W = symbol("H"), symbol("W")

CASES = [
    case("pad", X, pad=(1, 2)),
    case("pad", X, pad=(1, 2, 3, 4)),
    case("pad", X, pad=(0, 0, 0, 0, 1, 2)),
    case("pad", X, pad=(1, 0, 0, 1, 0, 0, 2, 1), value=1.5),
    case("pad", X, pad=(-1, -2, 1, -1)),
    case("pad", X, pad=(-3, 4), value=float("-inf")),
    case("pad", X, pad=()),
    case("pad", normal(0, 2), pad=(1, 1)),
    case("pad", normal(2, 0), pad=(1, 1)),
    case("pad", whole(2, 3), pad=(1, 1), value=7),
    case("pad", truth(2, 3), pad=(1, 1), value=True),
    case("pad", X.astype("float16"), pad=(1, 1), value=0.1),
    *(
        case("pad", x, pad=pad, mode=mode)
        for mode in ("reflect", "replicate", "circular")
        for x, pad in [
            (X, (1, 2, 3, 4)),
            (X, (0, 5, 4, 0)),
            (X[0], (2, 1)),
            (X[0], (2, 1, 0, 3)),
            (X, (-1, 2, 1, -2)),
            (X[0], (-1, -2)),
            (normal(1, 2, 3, 4, 5), (1, 1, 2, 2, 2, 1)),
        ]
    ),
    case("pad", X, pad=(9, 0, 0, 11), mode="replicate"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=60)
@given(
    st.lists(st.integers(-2, 3), min_size=2, max_size=6).filter(lambda p: len(p) % 2 == 0), st.floats(-9, 9, width=32)
)
def test_constant_padding_of_any_size(pad, value):
    check(case("pad", normal(4, 5, 6), pad=tuple(pad), value=value))


@settings(max_examples=40)
@given(st.sampled_from(["reflect", "replicate", "circular"]), st.tuples(*[st.integers(-2, 4)] * 4))
def test_other_padding_of_any_size(mode, pad):
    # Torch leaves open what is taken around more than once.
    kept = [n + min(a, 0) + min(b, 0) for n, (a, b) in zip((6, 5), (pad[:2], pad[2:]), strict=True)]
    assume(mode != "circular" or all(max(pad[2 * i : 2 * i + 2]) <= n for i, n in enumerate(kept)))
    check(case("pad", X, pad=pad, mode=mode))


def test_pads_may_be_sizes():
    x = TensorType(DType.FLOAT32, (1, H, W, 96))
    (result,) = registry.get("pad").types([x], {"pad": (0, 0, 0, (-W) % 7, 0, (-H) % 7)})
    assert result.shape == (1, H + (-H) % 7, W + (-W) % 7, 96)


@pytest.mark.parametrize(
    ("x", "attributes", "message"),
    [
        (X, {"pad": (1, 1), "mode": "edge"}, "mode must be constant, reflect, replicate, circular; it is 'edge'"),
        (X, {"pad": (1, 1, 1)}, "pad has 3 numbers"),
        (normal(2), {"pad": (1, 1, 1, 1)}, "pad has 4 numbers"),
        (X, {"pad": (-4, -3)}, "size must not be negative"),
        (X, {"pad": (6, 0), "mode": "reflect"}, "a dimension of 6 has too few elements for reflect padding by 6"),
        (X, {"pad": (7, 0), "mode": "circular"}, "too few elements for circular padding by 7"),
        (X, {"pad": (5, -3), "mode": "circular"}, "a dimension of 3 has too few elements for circular padding by 5"),
        (normal(1, 1, 0), {"pad": (1, 0), "mode": "replicate"}, "a dimension of 0 has too few elements"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get("pad").compute([x], attributes)


def test_the_order_is_from_the_last_dimension_on():
    (result,) = registry.get("pad").compute([np.ones((1, 1), np.float32)], {"pad": (1, 0, 0, 2)})
    assert result.tolist() == [[0, 1], [0, 0], [0, 0]]
