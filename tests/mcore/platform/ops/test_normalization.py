"""Norms against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.errors import ShapeError
from mcore.platform.ops import registry

from .parity import assert_close, case, check, normal, reference

C = 6
MEAN, VAR = normal(C, seed=1), np.square(normal(C, seed=2)) + np.float32(0.1)
WEIGHT, BIAS = normal(C, seed=3), normal(C, seed=4)
HALF = [v.astype("float16") for v in (normal(2, C, 4, 5), MEAN, VAR, WEIGHT, BIAS)]

CASES = [
    case("batch_norm", normal(2, C, 4, 5), MEAN, VAR),
    case("batch_norm", normal(2, C, 4, 5), MEAN, VAR, WEIGHT, BIAS, eps=1e-3),
    case("batch_norm", normal(2, C, 4, 5), MEAN, VAR, None, BIAS),
    case("batch_norm", normal(2, C, 4, 5), MEAN, VAR, WEIGHT),
    case("batch_norm", normal(3, C), MEAN, VAR, WEIGHT, BIAS),
    case("batch_norm", normal(3, C, 7), MEAN, VAR, WEIGHT, BIAS),
    case("batch_norm", normal(0, C, 2, 2), MEAN, VAR, WEIGHT, BIAS),
    case("batch_norm", *HALF),
    case("batch_norm", normal(2, C, 3, 4, 5), MEAN, VAR, WEIGHT, BIAS),
    case("batch_norm", normal(2, C, 4, 5)),
    case("batch_norm", normal(3, C), None, None, WEIGHT, BIAS, eps=1e-3),
    case("batch_norm", normal(1, C, 2, 3, 4), None, None, WEIGHT),
    case("batch_norm", normal(0, C, 2, 2), None, None, WEIGHT, BIAS),
    case("batch_norm", HALF[0], *(v.astype("float32") for v in HALF[1:])),
    case("rms_norm", normal(2, 5, C), normalized_shape=(C,)),
    case("rms_norm", normal(2, 5, C), WEIGHT, normalized_shape=(C,), eps=1e-3),
    case("rms_norm", normal(2, 3, 4, 5), normal(4, 5), normalized_shape=(4, 5)),
    case("rms_norm", normal(2, C) * np.float32(1e-4), normalized_shape=(C,)),
    case("rms_norm", (normal(2, C) * 1e-3).astype("float16"), HALF[3], normalized_shape=(C,)),
    case("rms_norm", normal(2, C, dtype="float64") * 1e-9, normalized_shape=(C,)),
    case("rms_norm", normal(0, C), normalized_shape=(C,)),
    case("local_response_norm", normal(2, C, 4, 5), size=2),
    case("local_response_norm", normal(2, C, 4, 5) * 9, size=5, alpha=0.7, beta=0.5, k=2.0),
    case("local_response_norm", normal(2, C, 4), size=3, alpha=1.0),
    case("local_response_norm", normal(2, 3, 2, 4, 5), size=9, alpha=1.0, k=0.5),
    case("local_response_norm", normal(0, C, 4), size=3),
    case("local_response_norm", HALF[0][0], size=3, alpha=1.0),
    case("local_response_norm", normal(2, C, 4, dtype="float64"), size=4),
    case("layer_norm", *HALF[:1], normal(4, 5, dtype="float16"), HALF[0][0, 0], normalized_shape=(4, 5)),
    case("layer_norm", normal(2, 5, C), WEIGHT, BIAS, normalized_shape=(C,)),
    case("layer_norm", normal(2, 5, C), normalized_shape=[C], eps=1e-6),
    case("layer_norm", normal(2, 5, C), WEIGHT, normalized_shape=[C]),
    case("layer_norm", normal(2, 5, C), None, BIAS, normalized_shape=[C]),
    case("layer_norm", normal(2, 3, 4, 5), normal(4, 5), normal(4, 5, seed=1), normalized_shape=(4, 5)),
    case("layer_norm", normal(7), normalized_shape=(7,)),
    case("layer_norm", normal(0, 7), normalized_shape=(7,)),
    case("layer_norm", normal(2, 7, dtype="float16"), normalized_shape=(7,)),
    case("layer_norm", normal(2, 7, dtype="float64"), normalized_shape=(7,)),
    case("group_norm", normal(2, C, 4, 5), WEIGHT, BIAS, num_groups=3),
    case("group_norm", normal(2, C, 4, 5), WEIGHT, num_groups=1),
    case("group_norm", normal(2, C, 4, 5), num_groups=C, eps=1e-2),
    case("group_norm", normal(2, C), num_groups=2),
    case("group_norm", normal(1, C, 9), None, BIAS, num_groups=2),
    case("group_norm", normal(2, C, 4, 5, dtype="float16"), num_groups=2),
    case("group_norm", normal(0, C, 4), WEIGHT, num_groups=2),
    case("instance_norm", normal(2, C, 4, 5)),
    case("instance_norm", normal(2, C, 4, 5), None, None, WEIGHT, BIAS, eps=1e-3),
    case("instance_norm", normal(2, C, 9), None, None, WEIGHT, BIAS),
    case("instance_norm", normal(2, C, 3, 2, 4), None, None, WEIGHT, BIAS),
    case("instance_norm", normal(2, C, 4, 5), MEAN, VAR, WEIGHT, BIAS, use_input_stats=False),
    case("normalize", normal(2, C, 4)),
    case("normalize", normal(2, C, 4), dim=-1),
    case("normalize", normal(2, C, 4), p=1, dim=0),
    case("normalize", normal(2, C, 4), p=3.0),
    case("normalize", normal(2, C, 4), p=float("inf")),
    *(case("normalize", normal(2, C, 4), p=p) for p in (0, -1, -2.5, float("-inf"))),
    *(case("normalize", np.float32(-2.5).reshape(()), dim=dim) for dim in (0, -1)),
    case("normalize", np.zeros((2, 3), np.float32)),
    case("normalize", np.zeros((2, 3), np.float32), eps=0.5),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


FAR = HALF[0] + np.float16(50)


@pytest.mark.parametrize(
    "case",
    [
        case("batch_norm", FAR, HALF[1] + np.float16(50), *HALF[2:]),
        case("batch_norm", FAR, None, None, *HALF[3:]),
        case("group_norm", FAR, *HALF[3:], num_groups=2),
        case("instance_norm", FAR, None, None, *HALF[3:]),
        case("layer_norm", FAR, normal(5, dtype="float16"), normal(5, dtype="float16", seed=1), normalized_shape=(5,)),
        case("rms_norm", FAR, normal(5, dtype="float16"), normalized_shape=(5,)),
        case("local_response_norm", FAR[0], size=3, alpha=1.0),
    ],
    ids=str,
)
def test_float16_far_from_zero_is_rounded_once(case):
    """Torch rounds statistics to float16 here: both are compared to float64."""
    check(case, wide=True)


@settings(max_examples=40)
@given(st.sampled_from(["batch_norm", "instance_norm", "group_norm"]), st.data())
def test_norms_of_any_shape(op, data):
    shape = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=3))
    groups = data.draw(st.integers(1, 3))
    channels = groups * shape[1]
    x = normal(shape[0], channels, *shape[2:], 5)
    w, b = normal(channels, seed=1), normal(channels, seed=2)
    own = [None, None] if op == "instance_norm" else [normal(channels, seed=3), np.ones(channels, np.float32)]
    if op == "group_norm":
        check(case(op, x, w, b, num_groups=groups))
    else:
        check(case(op, x, *own, w, b))


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4), st.sampled_from(["float32", "float16", "float64"]), st.data()
)
def test_norms_over_the_last_dimensions_of_any_shape(shape, dtype, data):
    last = tuple(shape[-data.draw(st.integers(1, len(shape))) :])
    weight = data.draw(st.sampled_from([None, normal(*last, dtype=dtype, seed=1)]))
    eps = data.draw(st.sampled_from([1e-3, 0.1]))
    for op in ("layer_norm", "rms_norm"):
        check(case(op, normal(*shape, dtype=dtype), weight, normalized_shape=last, eps=eps), wide=True)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 5), min_size=3, max_size=5),
    st.integers(1, 9),
    st.tuples(st.floats(1e-4, 2.0), st.floats(0.25, 1.5), st.floats(0.5, 3.0)),
)
def test_local_response_norm_of_any_shape(shape, size, numbers):
    alpha, beta, k = numbers
    check(case("local_response_norm", normal(*shape) * 3, size=size, alpha=alpha, beta=beta, k=k), wide=True)


def test_a_large_mean_costs_no_accuracy():
    """The variance is of deviations, in float64: torch's own float32 result is the poorer one here."""
    x = normal(4, 64) + np.float32(4096.0)
    wide = case("layer_norm", x.astype(np.float64), normalized_shape=(64,))
    (result,) = registry.get("layer_norm").compute([x], {"normalized_shape": 64})
    assert_close(result, reference(wide)[0].astype(np.float32))


def test_unit_norm_of_what_squares_beyond_float32():
    """Where torch, whose norm overflows, gives zeros."""
    (result,) = registry.get("normalize").compute([np.full((1, 4), 1e30, np.float32)], {})
    np.testing.assert_allclose(result, 0.5)


def test_nan_stays_in_its_row():
    x = normal(3, 4)
    x[1, 2] = np.nan
    (result,) = registry.get("layer_norm").compute([x], {"normalized_shape": 4})
    assert np.isnan(result).all(1).tolist() == [False, True, False]
    assert np.isfinite(result[[0, 2]]).all()


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("batch_norm", [normal(2, 5), MEAN, VAR], {}, "size of running_mean is 6, must be 5"),
        ("batch_norm", [normal(6), MEAN, VAR], {}, "two dimensions or more"),
        ("batch_norm", [normal(2, 6).astype("int64"), MEAN, VAR], {}, "floating point"),
        ("batch_norm", [normal(2, 6), MEAN], {}, "both or not at all"),
        ("batch_norm", [normal(1, 6, 1)], {}, "more than one value for each channel"),
        ("rms_norm", [normal(2, 5)], {"normalized_shape": 4}, "normalised dimension of x is 5, must be 4"),
        ("rms_norm", [normal(5), normal(4)], {"normalized_shape": 5}, "normalised dimension of weight is 4, must be 5"),
        ("local_response_norm", [normal(2, 5)], {"size": 3}, "three dimensions or more"),
        ("local_response_norm", [normal(2, 5, 1)], {"size": 0}, "size must be positive"),
        ("layer_norm", [normal(2, 5)], {"normalized_shape": 4}, "normalised dimension of x is 5, must be 4"),
        ("layer_norm", [normal(5)], {"normalized_shape": (1, 5)}, "normalized_shape has 2 dimensions, x has 1"),
        ("layer_norm", [normal(5)], {"normalized_shape": ()}, "normalized_shape has 0 dimensions"),
        ("layer_norm", [normal(5), normal(1, 5)], {"normalized_shape": 5}, "weight must have 1 dimensions"),
        ("group_norm", [normal(2, 6)], {"num_groups": 4}, "6 channels do not divide into num_groups=4"),
        ("group_norm", [normal(2, 6)], {"num_groups": 0}, "num_groups must be positive"),
        ("instance_norm", [normal(2, 6, 4)], {"use_input_stats": False}, "needs running_mean and running_var"),
        ("instance_norm", [normal(2, 6)], {}, "three dimensions or more"),
        ("normalize", [normal(6)], {}, "dimension 1 is out of range for rank 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)
