"""Comparison: which rule speaks, what the margin says, and what must never pass."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.workers.policies import FP16, FP32
from workers.codec import decode, encode
from workers.judging.compare import LARGEST, Comparison, compare_output, compare_outputs
from workers.outcome import Outcome
from workers.policy import Policy
from workers.report import TensorError

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, max_side=6)
POLICIES = st.sampled_from([FP32, FP16])


def floats(dtype: type = np.float32, limit: float = 1e3, **shape: Any) -> st.SearchStrategy[np.ndarray]:
    width = np.dtype(dtype).itemsize * 8
    elements = st.floats(-limit, limit, width=width, allow_subnormal=False)  # type: ignore[arg-type]
    return hnp.arrays(dtype, shape.get("shape", SHAPES), elements=elements)


def figures_of(comparison: Comparison) -> TensorError:
    (error,) = comparison.tensors
    return error


def array(*values: Any, dtype: Any = np.float32) -> np.ndarray:
    return np.array(values, dtype=dtype)


class TestWhatPasses:
    @given(floats(), POLICIES)
    def test_a_perfect_copy_passes_with_the_whole_margin(self, golden: np.ndarray, policy: Policy) -> None:
        compared = compare_output("out", golden.copy(), golden, policy)
        assert compared.outcome is Outcome.PASS
        assert compared.message == ""
        assert replace(figures_of(compared), spread=None) == TensorError("out", 0.0, 0.0, 350.0, 1.0, 0.0, 1.0)

    def test_rounding_of_float32_passes(self) -> None:
        golden = np.random.default_rng(0).standard_normal((2, 5, 7))
        compared = compare_output("out", golden.astype(np.float32).astype(np.float64), golden, FP32)
        assert compared.outcome is Outcome.PASS
        assert 0.9 < figures_of(compared).margin < 1.0

    def test_rounding_of_float16_passes_its_own_policy_and_not_the_one_of_float32(self) -> None:
        golden = np.random.default_rng(0).standard_normal((2, 50, 7)).astype(np.float32)
        rounded = golden.astype(np.float16).astype(np.float32)
        assert compare_output("out", rounded, golden, FP16).outcome is Outcome.PASS
        assert compare_output("out", rounded, golden, FP32).outcome is Outcome.MISMATCH

    def test_a_constant_golden_can_be_met_since_worth_is_judged_elsewhere(self) -> None:
        golden = np.full((2, 3), 4.5, np.float32)
        assert compare_output("out", golden, golden, FP32).outcome is Outcome.PASS

    def test_an_empty_output_passes(self) -> None:
        golden = np.zeros((0, 4), np.float32)
        assert figures_of(compare_output("boxes", golden, golden, FP32)).margin == 1.0

    def test_the_allowed_share_of_elements_may_be_outside(self) -> None:
        golden = np.ones(1000, np.float32)
        policy = Policy("loose", 1, "float32", 1e-3, 1e-3, sqnr_db=20.0, cosine=0.9, allowed_share=0.01)
        value = golden.copy()
        value[:10] += 0.5
        compared = compare_output("out", value, golden, policy)
        assert compared.outcome is Outcome.PASS
        assert figures_of(compared).share_outside == pytest.approx(0.01)
        value[10] += 0.5
        assert compare_output("out", value, golden, policy).outcome is Outcome.MISMATCH


class TestWhatFails:
    @given(st.permutations(range(24)), st.sampled_from([(24,), (4, 6), (2, 3, 4), (1, 2, 3, 4)]))
    def test_permuted_values_never_pass(self, order: list[int], shape: tuple[int, ...]) -> None:
        assume(order != sorted(order))
        golden = np.linspace(-1, 1, 24, dtype=np.float32)
        compared = compare_output("out", golden[order].reshape(shape), golden.reshape(shape), FP32)
        assert compared.outcome is Outcome.MISMATCH
        assert figures_of(compared).margin < 0

    @given(st.data())
    def test_rolled_values_never_pass(self, data: st.DataObject) -> None:
        shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=2, max_side=5))
        axis = data.draw(st.integers(0, len(shape) - 1))
        shift = data.draw(st.integers(1, shape[axis] - 1))
        order = np.random.default_rng(data.draw(st.integers(0, 9))).permutation(math.prod(shape))
        golden = np.linspace(-3, 5, order.size, dtype=np.float32)[order].reshape(shape)
        assert compare_output("out", np.roll(golden, shift, axis), golden, FP32).outcome is Outcome.MISMATCH

    def test_one_wrong_element_among_a_million_fails_by_the_element_gate(self) -> None:
        golden = np.random.default_rng(0).standard_normal(1 << 20).astype(np.float32)
        value = golden.copy()
        value[77] += 0.01
        compared = compare_output("out", value, golden, FP32)
        assert compared.outcome is Outcome.MISMATCH
        assert "of the elements are outside, 0 may be" in compared.message
        assert figures_of(compared).sqnr_db > FP32.sqnr_db

    def test_noise_within_the_element_gate_fails_by_the_sqnr(self) -> None:
        golden = np.full(4096, 1e-3)
        golden[0] = 1.0
        value = golden + np.where(np.arange(4096) % 2, 1e-4, -1e-4)
        compared = compare_output("out", value, golden, FP32)
        assert compared.outcome is Outcome.MISMATCH
        assert "SQNR is" in compared.message
        assert figures_of(compared).share_outside == 0.0

    def test_another_direction_fails_by_the_cosine(self) -> None:
        policy = Policy("direction", 1, "int8", atol_rel=1.0, rtol=1.0, sqnr_db=0.0, cosine=0.9999)
        golden = np.linspace(1, 2, 64)
        value = golden * np.where(np.arange(64) % 2, 1.1, 0.9)
        compared = compare_output("out", value, golden, policy)
        assert compared.outcome is Outcome.MISMATCH
        assert "cosine is" in compared.message

    def test_a_wrong_scale_fails_though_the_direction_is_right(self) -> None:
        golden = np.linspace(-1, 1, 64, dtype=np.float32)
        compared = compare_output("out", golden * np.float32(1.01), golden, FP32)
        assert compared.outcome is Outcome.MISMATCH
        assert figures_of(compared).cosine == pytest.approx(1.0)

    def test_anything_beside_a_golden_of_zeros_fails(self) -> None:
        golden = np.zeros((2, 3), np.float32)
        assert compare_output("out", golden, golden, FP32).outcome is Outcome.PASS
        compared = compare_output("out", golden + np.float32(1e-30), golden, FP32)
        assert compared.outcome is Outcome.MISMATCH
        assert figures_of(compared).max_rel_error == LARGEST
        assert figures_of(compared).margin == -1.0

    def test_the_message_names_output_gate_and_size_of_the_error(self) -> None:
        compared = compare_output("features.1", array(1.0, 2.0, 4.0), array(1.0, 2.0, 3.0), FP32)
        assert compared.message.startswith("output 'features.1' leaves its golden: ")
        assert compared.message.endswith("largest error 0.333 of the peak")
        assert "\n" not in compared.message


class TestMargin:
    @given(floats(np.float64, shape=(12,)), floats(np.float64, shape=(12,)), POLICIES)
    def test_it_falls_as_the_error_grows(self, golden: np.ndarray, error: np.ndarray, policy: Policy) -> None:
        # Small against the golden or not at all: what float64 swallows of an error is not one.
        assume(np.abs(error).max() > 1e-6 and np.abs(golden).max() > 1e-6)
        sizes = [0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0]
        margins = [figures_of(compare_output("out", golden + size * error, golden, policy)).margin for size in sizes]
        assert margins[0] == 1.0
        assert all(later <= sooner + 1e-6 for sooner, later in pairwise(margins))

    @given(floats(np.float64), st.data(), POLICIES)
    def test_it_is_within_one_and_at_least_zero_exactly_for_a_pass(
        self, golden: np.ndarray, data: st.DataObject, policy: Policy
    ) -> None:
        error = data.draw(floats(np.float64, limit=1.0, shape=st.just(golden.shape)))
        size = data.draw(st.sampled_from([0.0, 1e-6, 1e-4, 1e-2, 1.0]))
        compared = compare_output("out", golden + size * error, golden, policy)
        margin = figures_of(compared).margin
        assert -1.0 <= margin <= 1.0
        assert (margin >= 0.0) == (compared.outcome is Outcome.PASS)

    def test_it_is_zero_at_the_limit_and_minus_a_half_at_twice_the_limit(self) -> None:
        policy = Policy("elements", 1, "float32", atol_rel=0.25, rtol=0.0, sqnr_db=-300.0, cosine=-1.0)
        golden = array(0.0, 4.0, dtype=np.float64)
        assert figures_of(compare_output("out", array(1.0, 4.0, dtype=np.float64), golden, policy)).margin == 0.0
        assert figures_of(compare_output("out", array(2.0, 4.0, dtype=np.float64), golden, policy)).margin == -0.5
        assert figures_of(compare_output("out", array(0.5, 4.0, dtype=np.float64), golden, policy)).margin == 0.5

    @given(floats(np.float64, shape=(9,)), floats(np.float64, limit=1e-2, shape=(9,)), st.integers(-600, 600), POLICIES)
    def test_the_scale_of_the_golden_does_not_matter(
        self, golden: np.ndarray, error: np.ndarray, exponent: int, policy: Policy
    ) -> None:
        # Powers of two scale exactly, as long as nothing becomes subnormal.
        golden = np.where(np.abs(golden) < 1e-9, 0.0, golden)
        value = golden + np.where(np.abs(error) < 1e-9, 0.0, error)
        near = compare_output("out", value, golden, policy)
        far = compare_output("out", np.ldexp(value, exponent), np.ldexp(golden, exponent), policy)
        assert far.outcome is near.outcome
        assert figures_of(far).margin == figures_of(near).margin
        assert figures_of(far).sqnr_db == figures_of(near).sqnr_db
        assert figures_of(far).max_abs_error == math.ldexp(figures_of(near).max_abs_error, exponent)


class TestRulesBeforeTheGates:
    @pytest.mark.parametrize(
        ("value", "golden", "message"),
        [
            (np.zeros((2, 3)), np.zeros((3, 2)), "output 'out' is float64[2, 3], the golden is float64[3, 2]"),
            (np.zeros(1), np.zeros(()), "output 'out' is float64[1], the golden is float64[]"),
            (
                np.zeros(2, np.float16),
                np.zeros(2, np.float32),
                "output 'out' is float16[2], the golden is float32[2]",
            ),
            (np.zeros(2, np.int32), np.zeros(2, np.int64), "output 'out' is int32[2], the golden is int64[2]"),
        ],
    )
    def test_shape_and_dtype_are_the_goldens(self, value: np.ndarray, golden: np.ndarray, message: str) -> None:
        compared = compare_output("out", value, golden, FP32)
        assert (compared.outcome, compared.message) == (Outcome.SHAPE_OR_DTYPE, message)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_value_that_is_not_finite_is_named_with_its_place(self, bad: float) -> None:
        golden = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3)
        value = golden.copy()
        value[1, 0] = value[1, 2] = bad
        compared = compare_output("out", value, golden, FP32)
        assert compared.outcome is Outcome.NONFINITE
        assert compared.message == "output 'out': 2 of 6 elements are not finite, the first at [1, 0]"
        assert figures_of(compared).share_outside == pytest.approx(2 / 6)
        assert figures_of(compared).margin == -1.0
        assert figures_of(compared).max_abs_error == 0.0, "figures are of what is finite"

    @pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
    def test_nothing_finite_at_all(self, shape: tuple[int, ...]) -> None:
        compared = compare_output("out", np.full(shape, np.nan, np.float32), np.ones(shape, np.float32), FP32)
        assert compared.outcome is Outcome.NONFINITE
        assert figures_of(compared).share_outside == 1.0

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_a_golden_that_is_not_finite_judges_nothing(self, bad: float) -> None:
        golden = array(1.0, bad)
        compared = compare_output("out", golden, golden, FP32)
        assert compared.outcome is Outcome.REFERENCE_INVALID
        assert compared.message == "the golden of output 'out' is not finite everywhere"

    @pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_])
    def test_integers_and_booleans_are_exact(self, dtype: Any) -> None:
        golden = array(0, 1, 1, 0, dtype=dtype)
        assert figures_of(compare_output("labels", golden.copy(), golden, FP16)).margin == 1.0
        value = array(0, 1, 0, 0, dtype=dtype)
        compared = compare_output("labels", value, golden, FP16)
        assert compared.outcome is Outcome.MISMATCH
        assert compared.message.endswith("must be exact: 1 of 4 elements differ")
        assert figures_of(compared).share_outside == 0.25
        assert figures_of(compared).margin == -1.0

    def test_integers_that_float64_cannot_tell_apart_differ_all_the_same(self) -> None:
        golden = np.array([1 << 60], np.int64)
        assert compare_output("ids", golden + 1, golden, FP32).outcome is Outcome.MISMATCH


class TestSeveralOutputs:
    GOLDENS = {"a": array(1.0, 2.0), "b": array(3.0, 5.0)}  # noqa: RUF012

    def test_all_of_them_are_compared_in_the_order_of_the_goldens(self) -> None:
        compared = compare_outputs(dict(reversed(self.GOLDENS.items())), self.GOLDENS, FP32)
        assert compared.outcome is Outcome.PASS
        assert [error.output for error in compared.tensors] == ["a", "b"]

    def test_a_missing_output_is_a_matter_of_shape(self) -> None:
        compared = compare_outputs({"a": self.GOLDENS["a"]}, self.GOLDENS, FP32)
        assert (compared.outcome, compared.message) == (Outcome.SHAPE_OR_DTYPE, "output 'b' is missing")

    def test_a_surplus_output_is_a_matter_of_shape(self) -> None:
        compared = compare_outputs({**self.GOLDENS, "c": array(0.0)}, self.GOLDENS, FP32)
        assert (compared.outcome, compared.message) == (Outcome.SHAPE_OR_DTYPE, "output 'c' has no golden")

    def test_the_worst_output_speaks(self) -> None:
        outputs = {"a": array(np.nan, 2.0), "b": array(3.0, 6.0)}
        compared = compare_outputs(outputs, self.GOLDENS, FP32)
        assert compared.outcome is Outcome.MISMATCH
        assert compared.message.startswith("output 'b'")
        assert len(compared.tensors) == 2

    def test_a_sample_without_goldens_judges_nothing(self) -> None:
        assert compare_outputs({}, {}, FP32).outcome is Outcome.REFERENCE_INVALID


@given(st.data(), POLICIES, st.sampled_from([np.float64, np.float32, np.float16]))
def test_whatever_a_device_returns_its_figures_can_be_reported(
    data: st.DataObject, policy: Policy, dtype: type
) -> None:
    shape = data.draw(SHAPES)
    width = np.dtype(dtype).itemsize * 8
    anything = st.floats(width=width)  # type: ignore[arg-type]
    finite = st.floats(width=width, allow_nan=False, allow_infinity=False)  # type: ignore[arg-type]
    value = data.draw(hnp.arrays(dtype, shape, elements=anything))
    golden = data.draw(hnp.arrays(dtype, shape, elements=finite))
    error = figures_of(compare_output("out", value, golden, policy))
    assert decode(encode(error), TensorError) == error
    assert 0.0 <= error.share_outside <= 1.0
