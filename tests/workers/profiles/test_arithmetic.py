"""Sums in float16 and bfloat16: rounded as they grow, and right in all else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcore.platform.ops import registry
from tests.workers.bundles import Draft
from workers.drivers.numpy import NumpyDriver
from workers.profiles import arithmetic
from workers.profiles.precision import ROUNDINGS

RANDOM = np.random.default_rng(0)
PRECISIONS = pytest.mark.parametrize("precision", ROUNDINGS)
WINDOW = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 1}
#: Op, shapes of what it reads, attributes: long sums, groups, few channels, vectors.
CASES: list[tuple[str, list[tuple[int, ...]], dict[str, Any]]] = [
    ("conv2d", [(2, 40, 9, 10), (6, 40, 3, 3), (6,)], WINDOW),
    ("conv2d", [(1, 40, 7, 8), (10, 20, 3, 3)], {**WINDOW, "groups": 2}),
    ("conv2d", [(1, 12, 7, 8), (12, 1, 3, 3), (12,)], {**WINDOW, "groups": 12}),
    ("conv2d", [(1, 3, 12, 13), (4, 3, 11, 5), (4,)], WINDOW),
    ("conv1d", [(1, 70, 9), (5, 70, 3)], {"stride": (1,), "padding": (1,), "dilation": (1,), "groups": 1}),
    ("linear", [(3, 500), (7, 500), (7,)], {}),
    ("linear", [(500,), (7, 500)], {}),
    ("matmul", [(2, 5, 300), (2, 300, 4)], {}),
    ("matmul", [(300,), (300,)], {}),
    ("conv_transpose2d", [(1, 40, 5, 6), (40, 3, 3, 3), (6,)], {
        "stride": (2, 2), "padding": (1, 1), "output_padding": (1, 0), "groups": 2, "dilation": (1, 1)
    }),
]  # fmt: skip


def arrays(shapes: list[tuple[int, ...]], precision: str) -> list[np.ndarray]:
    return [ROUNDINGS[precision](RANDOM.standard_normal(shape).astype(np.float32)) for shape in shapes]


def relative(value: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(value - exact).max() / np.abs(exact).max())


@PRECISIONS
@pytest.mark.parametrize(("op", "shapes", "attributes"), CASES)
def test_it_is_the_op_but_for_the_rounding_of_its_sums(
    precision: str, op: str, shapes: list[tuple[int, ...]], attributes: dict[str, Any]
) -> None:
    given = arrays(shapes, precision)
    (exact,) = registry.get(op).compute(given, attributes)
    made = arithmetic.kernels(precision)[op](*given, **registry.get(op).normalise(attributes))
    assert (made.dtype, made.shape) == (exact.dtype, exact.shape)
    ulp = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[precision]
    assert 0 < relative(made, exact) < 16 * ulp
    np.testing.assert_array_equal(ROUNDINGS[precision](made), made)


@PRECISIONS
def test_a_long_sum_loses_more_than_its_storage_does(precision: str) -> None:
    x, weight = arrays([(4, 4096), (32, 4096)], precision)
    (exact,) = registry.get("linear").compute([x, weight], {})
    stored = relative(ROUNDINGS[precision](exact), exact)
    assert relative(arithmetic.kernels(precision)["linear"](x, weight), exact) > 2 * stored


def test_a_sum_stops_where_what_is_added_is_less_than_half_a_unit() -> None:
    """4096 in bfloat16 has units of 32: what adds less than 16 at a time is lost."""
    x = np.array([4096.0] + [0.0] * 63 + [0.125] * 6400, np.float32)
    assert arithmetic.kernels("bfloat16")["linear"](x, np.ones((1, x.size), np.float32)) == 4096.0
    assert registry.get("linear").compute([x, np.ones((1, x.size), np.float32)], {})[0] == 4896.0


def test_integers_and_other_floats_are_summed_as_ever() -> None:
    matmul = arithmetic.kernels("bfloat16")["matmul"]
    wide, whole = RANDOM.standard_normal((3, 200)), np.arange(600).reshape(3, 200)
    for value in (wide, whole):
        np.testing.assert_array_equal(matmul(value, value.T), value @ value.T)


def test_float32_has_no_kernels_of_its_own() -> None:
    assert arithmetic.kernels("float32") == {}


@PRECISIONS
def test_the_device_sums_as_its_profile_says_in_the_network_and_in_its_fingerprint(precision: str) -> None:
    draft = Draft({"x": 40})
    network = draft.network(((1, 6, 7),), out=draft.conv("x", 4, "conv"))
    inputs = network.samples[0].inputs

    def run(**profile: Any) -> np.ndarray:
        driver = NumpyDriver({"precision": precision, **profile})
        assert driver.fingerprint().get("arithmetic") == (precision if "arithmetic" in profile else None)
        return driver.load(network.bundle()).run(inputs)["out"]

    summed, stored = run(arithmetic=precision), run()
    assert 0 < relative(summed, stored) < {"float16": 4e-3, "bfloat16": 3e-2}[precision]


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"arithmetic": "float16"}, "arithmetic: with precision float32 it is float32, not 'float16'"),
        (
            {"precision": "bfloat16", "arithmetic": "float16"},
            "arithmetic: with precision bfloat16 it is float32 or bfloat16, not 'float16'",
        ),
        ({"precision": "int8", "arithmetic": "int8"}, "arithmetic: with precision int8 it is float32, not 'int8'"),
        ({"precision": "float16", "arithmetic": ["float16"]}, "arithmetic: with precision float16 it is float32 or"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(profile: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        NumpyDriver(profile)
