"""Activations against torch, on special values and ordinary ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.ops import registry

from .parity import case, check, normal, special, truth, whole

FLOATING = {
    "relu": [{}],
    "relu6": [{}],
    "leaky_relu": [{}, {"negative_slope": 0.2}, {"negative_slope": -0.5}],
    "elu": [{}, {"alpha": 0.3}],
    "celu": [{}, {"alpha": 0.3}],
    "selu": [{}],
    "hardshrink": [{}, {"lambd": 3.0}, {"lambd": -1.0}],
    "softshrink": [{}, {"lambd": 0.0}, {"lambd": 3.0}],
    "threshold": [{"threshold": 0.0, "value": 0.0}, {"threshold": -1.0, "value": 7.25}],
    "gelu": [{}, {"approximate": "tanh"}],
    "sigmoid": [{}],
    "tanh": [{}],
    "silu": [{}],
    "mish": [{}],
    "hardsigmoid": [{}],
    "hardswish": [{}],
    "hardtanh": [{}, {"min_val": -2.0, "max_val": 0.5}],
    "softplus": [{}, {"beta": 2.0, "threshold": 1.0}],
}
VALUES = [
    special(),
    special("float64"),
    special("float16"),
    normal(3, 4, 5) * 3,
    np.float32(-0.75).reshape(()),
    normal(0, 3),
]

CASES = [
    *(case(op, x, **a) for op, all_of in FLOATING.items() for a in all_of for x in VALUES if op != "gelu"),
    *(case("gelu", x[~np.isposinf(x)], **a) for a in FLOATING["gelu"] for x in VALUES),
    *(case(op, whole(4, 5)) for op in ("relu", "relu6", "sigmoid", "tanh")),
    *(case(op, truth(7)) for op in ("sigmoid", "tanh")),
    case("celu", normal(3, 4, 5) * 3, alpha=-0.5),
    case("celu", special(), alpha=-0.5),
    case("threshold", whole(4, 5), threshold=1.0, value=7.0),
    case("threshold", whole(4, 5, low=0, dtype="uint8"), threshold=3.0, value=2.0),
    case("hardtanh", whole(4, 5), min_val=-3.0, max_val=2.0),
    case("hardtanh", whole(4, 5, low=0, dtype="uint8"), min_val=1.0, max_val=3.0),
    case("prelu", normal(2, 3, 4, 5), normal(3)),
    case("prelu", normal(2, 3), normal(3)),
    case("prelu", normal(2, 3, 4), normal(1)),
    case("prelu", normal(7), normal(1)),
    case("prelu", special()[:, None], normal(1)),
    *(
        case(op, x, dim=dim)
        for op in ("softmax", "log_softmax")
        for x, dim in [
            (normal(4, 5), 1),
            (normal(4, 5), 0),
            (normal(2, 3, 4, 5) * 30, -3),
            (normal(4, 5) + np.float32(1e4), -1),
            (normal(4, 5, dtype="float16") * np.float16(8), -1),
            (normal(4, 5, dtype="float64"), -1),
            (np.array([[0, -np.inf, 1], [-np.inf, -np.inf, 3], [np.nan, 0, 1]], np.float32), -1),
            (np.array([[np.inf, 0.0], [-np.inf, -np.inf]], np.float32), -1),
            (normal(3, 0), -1),
            (normal(3, 0), 0),
            (np.float32(3).reshape(()), 0),
        ]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=40)
@given(
    st.sampled_from([(op, attributes) for op, all_of in FLOATING.items() for attributes in all_of]),
    arrays.arrays(np.float32, st.integers(1, 30), elements=st.floats(-80, 80, width=32)),
)
def test_activations_of_any_value(choice, x):
    op, attributes = choice
    check(case(op, x, **attributes), wide=True)


@settings(max_examples=40)
@given(st.sampled_from(["softmax", "log_softmax"]), st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_softmax_of_any_shape(op, shape, data):
    check(case(op, normal(*shape) * 10, dim=data.draw(st.integers(-len(shape), len(shape) - 1))))


def test_gelu_of_infinity_is_its_limit():
    """Where torch gives NaN, in float32 alone."""
    (result,) = registry.get("gelu").compute([np.array([np.inf], np.float32)], {})
    assert result == np.inf


def test_softmax_sums_to_one():
    (result,) = registry.get("softmax").compute([normal(50, 1000) * 20], {"dim": 1})
    np.testing.assert_allclose(result.sum(1, dtype=np.float64), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("op", "x", "attributes", "message"),
    [
        ("relu", truth(3), {}, "it is bool"),
        ("gelu", whole(3), {}, "floating point"),
        ("gelu", normal(3), {"approximate": "erf"}, "approximate must be 'none' or 'tanh'"),
        ("celu", normal(3), {"alpha": 0.0}, "alpha must not be zero"),
        ("selu", whole(3), {}, "floating point"),
        ("hardshrink", whole(3), {}, "floating point"),
        ("softshrink", normal(3), {"lambd": -0.5}, "lambd must not be negative, it is -0.5"),
        ("softshrink", normal(3), {"lambd": float("nan")}, "lambd must not be negative, it is nan"),
        ("threshold", truth(3), {"threshold": 0.0, "value": 0.0}, "it is bool"),
        ("hardtanh", whole(3, low=0, dtype="uint8"), {}, "signed type for negative limits"),
        ("hardtanh", truth(3), {}, "it is bool"),
        ("softmax", normal(3), {"dim": 1}, "dimension 1 is out of range for rank 1"),
        ("softmax", whole(3), {"dim": 0}, "floating point"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, x, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute([x], attributes)


@pytest.mark.parametrize("weight", [normal(4), normal(2, 2), normal(3, dtype="float64")])
def test_prelu_refuses_weights_that_do_not_fit(weight):
    with pytest.raises(ShapeError, match="weight"):
        registry.get("prelu").compute([normal(2, 3, 4), weight], {})


def test_softmax_needs_its_dimension():
    with pytest.raises(GraphError, match="needs attribute 'dim'"):
        registry.get("softmax").compute([normal(2)], {})
