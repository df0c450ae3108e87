import math
from typing import Any

import numpy as np
import pytest

from mcore.platform.ops import registry
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.pointwise import pointwise

CASES: list[tuple[str, dict[str, Any]]] = [
    ("relu", {}),
    ("relu6", {}),
    ("hardtanh", {}),
    ("hardtanh", {"min_val": 0.25, "max_val": 0.5}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 1.0}),
    ("sigmoid", {}),
    ("silu", {}),
    ("hardsigmoid", {}),
    ("hardswish", {}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
    ("mish", {}),
    ("softplus", {}),
    ("elu", {"alpha": 1.5}),
    ("clamp", {"min": -1}),
    ("clamp", {"max": 0.5}),
    ("clamp", {"min": -1, "max": 2}),
    ("log", {}),
    ("sin", {}),
    ("cos", {}),
    ("rsqrt", {}),
    ("floor", {}),
    ("ceil", {}),
    ("round", {}),
    ("pow", {"other": 2}),
    ("pow", {"other": 0.5}),
    ("pow", {"other": -1}),
    ("tanh", {}),
    ("exp", {}),
    ("sqrt", {}),
    ("abs", {}),
    ("neg", {}),
    ("add", {"other": 3}),
    ("sub", {"other": 0.1}),
    ("mul", {"other": -2.5}),
    ("div", {"other": 3}),
    ("rsub", {"other": 1}),
    ("rdiv", {"other": 2.0}),
]


def node(op: str, attributes: dict[str, Any], inputs: tuple[str, ...] = ("x",)) -> BoundNode:
    return BoundNode(op, inputs, ("y",), registry.get(op).normalise(attributes), op)


def values(size: int = 20000) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.concatenate([random.standard_normal(size - 8) * 4, [0, -0.0, 1e-30, -1e-30, 90, -90, 6, -3]]).astype(
        np.float32
    )


def apply(op: str, attributes: dict[str, Any], x: np.ndarray, *, in_place: bool) -> np.ndarray:
    function = pointwise(node(op, attributes))
    assert function is not None
    source = x.copy()
    out = source if in_place else np.full_like(x, np.nan)
    with np.errstate(all="ignore"):
        for call, arguments, target in function.passes(
            source, out, np.full(function.temporaries * x.size, np.nan, np.float32)
        ):
            call(*arguments, out=target)
    if not in_place:
        np.testing.assert_array_equal(source, x)
    return out


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize(("op", "attributes"), CASES, ids=str)
def test_passes_compute_the_op(op: str, attributes: dict[str, Any], in_place: bool) -> None:
    x = values()
    (expected,) = registry.get(op).compute([x], attributes)
    np.testing.assert_allclose(apply(op, attributes, x, in_place=in_place), expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(("op", "attributes"), CASES, ids=str)
def test_nan_stays_nan_and_infinities_are_the_op_s(op: str, attributes: dict[str, Any]) -> None:
    x = np.array([np.nan, np.inf, -np.inf], np.float32)
    (expected,) = registry.get(op).compute([x], attributes)
    np.testing.assert_array_equal(apply(op, attributes, x, in_place=True), expected)


def test_gelu_is_as_accurate_as_float32_allows() -> None:
    """Against the error function of the C library in float64; torch's own float32 kernel is off by up to 3.5e-7."""
    x = np.linspace(-12, 12, 40001, dtype=np.float32)
    exact = np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    error = np.abs(apply("gelu", {"approximate": "none"}, x, in_place=True) - exact)
    assert float((error / np.maximum(np.abs(x), 1)).max()) < 2e-7


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("softplus", {"beta": 2}),
        ("softplus", {"threshold": 5}),
        ("clamp", {"min": 2, "max": 1}),
        ("pow", {"other": 3}),
        ("leaky_relu", {"negative_slope": 1.5}),
        ("leaky_relu", {"negative_slope": -0.1}),
        ("leaky_relu", {"negative_slope": 0.0}),
        ("div", {"other": 2, "rounding_mode": "floor"}),
    ],
)
def test_ops_without_a_planned_form_have_none(op: str, attributes: dict[str, Any]) -> None:
    assert pointwise(node(op, attributes)) is None


def test_two_tensors_or_an_injected_kernel_are_not_pointwise() -> None:
    assert pointwise(node("add", {}, ("x", "y"))) is None
    assert pointwise(BoundNode("relu", ("x",), ("y",), {}, "relu", kernel=lambda x: x)) is None
