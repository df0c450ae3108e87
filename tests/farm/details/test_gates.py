from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.details.gates import gates_of
from workers.judging.compare import compare_output
from workers.outcome import Outcome
from workers.policy import Policy
from workers.report import TensorError

POLICY = Policy("fp32", 1, "float32", 2e-4, 1e-4, 75.0, 0.99999)
GOLDEN = np.linspace(-1.0, 1.0, 97, dtype=np.float32)


def compared(value: np.ndarray, golden: np.ndarray = GOLDEN, policy: Policy = POLICY) -> TensorError:
    (error,) = compare_output("out", value, golden, policy).tensors
    return error


@given(st.floats(1e-9, 1.0), st.integers(0, 96))
def test_the_least_margin_of_the_gates_is_the_margin_of_the_tensor(size: float, place: int) -> None:
    value = GOLDEN + np.float32(size) * (np.arange(97) == place)
    error = compared(value.astype(np.float32))
    gates = gates_of(error, POLICY)
    assert [gate.name for gate in gates] == ["element gate", "SQNR", "cosine"]
    assert min(gate.margin for gate in gates) == pytest.approx(error.margin, abs=1e-9)


def test_each_gate_says_what_was_found_and_what_it_asks_for() -> None:
    error = replace(compared(GOLDEN), max_rel_error=3e-5, sqnr_db=110.04, cosine=1 - 1e-9)
    elements, sqnr, cosine = gates_of(error, replace(POLICY, allowed_share=0.01))
    assert elements.found == "error up to 3.00e-05 of the peak"
    assert elements.limit == "0.0002 of the peak + 0.0001 of the value, but for 0.01 of the elements"
    assert (sqnr.found, sqnr.limit) == ("110.0 dB", "75 dB")
    assert (cosine.found, cosine.limit) == ("1 − 1.00e-09", "1 − 1e-05")


def test_what_must_be_exact_has_that_gate_alone() -> None:
    golden = np.arange(10)
    (right,) = gates_of(compared(golden, golden), POLICY)
    (wrong,) = gates_of(compared(golden + (golden > 7), golden), POLICY)
    assert (right.name, right.margin, right.found) == ("exact", 1.0, "0 of the elements differ")
    assert (wrong.name, wrong.margin, wrong.found) == ("exact", -1.0, "0.2 of the elements differ")


def test_what_is_not_finite_is_said_so() -> None:
    value = GOLDEN.copy()
    value[3] = np.nan
    compared_with = compare_output("out", value, GOLDEN, POLICY)
    assert compared_with.outcome is Outcome.NONFINITE
    (gate,) = gates_of(compared_with.tensors[0], POLICY)
    assert (gate.name, gate.found, gate.margin) == ("finite", "1 of 97 elements are not", -1.0)


def test_what_no_gate_judged_has_none() -> None:
    assert gates_of(replace(compared(GOLDEN), margin=None), POLICY) == ()


def test_an_old_host_that_kept_no_statistics_leaves_the_element_gate_out() -> None:
    gates = gates_of(replace(compared(GOLDEN), spread=None), POLICY)
    assert [gate.name for gate in gates] == ["SQNR", "cosine"]
