"""What counts as the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.capsule import Expected
from workers.capsule.likeness import NOT_REPLAYED, OTHER, SAME, Likeness, likeness
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, LayerError, Stage, TensorError

TENSOR = TensorError("out", 0.5, 0.25, 12.0, 0.9, 0.1, -2.0)
LAYER = LayerError("v3", "sigmoid", "gate", 0.2)
CASES = (
    CaseReport("16x16", Outcome.MISMATCH, "off", (TENSOR,), 1.0, LAYER),
    CaseReport("12x20", Outcome.PASS, "", (replace(TENSOR, max_abs_error=1e-6),), 2.0),
)
STACK = {"runtime": "numpy", "numpy": "2.4.0"}
EXPECTED = Expected("PARTIAL", Outcome.MISMATCH, Cause.DEVICE_STACK, "off", STACK, CASES)
REPORT = AttemptReport(Outcome.MISMATCH, Cause.DEVICE_STACK, "off", Stage.DONE, "b", "n", STACK, CASES)
OTHER_STACK = {**STACK, "numpy": "2.4.1"}


def with_tensor(**changes: float) -> AttemptReport:
    first, *others = CASES
    return replace(REPORT, cases=(replace(first, tensors=(replace(TENSOR, **changes),)), *others))


def test_the_same_is_the_same() -> None:
    assert likeness(EXPECTED, REPORT) == Likeness(SAME, "the same verdict and the same figures")
    slower = replace(REPORT, cases=tuple(replace(case, latency_ms=99.0) for case in CASES), load_ms=7.0)
    assert likeness(EXPECTED, slower).code == SAME


def test_last_digits_are_no_difference() -> None:
    assert likeness(EXPECTED, with_tensor(max_abs_error=0.5 * (1 + 1e-6))).said.endswith("the same figures")


def test_other_figures_on_the_same_stack_are_not_the_same() -> None:
    found = likeness(EXPECTED, with_tensor(max_abs_error=0.6, sqnr_db=10.0))
    assert found == Likeness(
        OTHER,
        "the same verdict on the same stack, but other figures: 16x16: max_abs_error of 'out' was 0.5, and is 0.6; and 1 more",
    )
    layer = replace(CASES[0], first_divergent_layer=replace(LAYER, value="v5"))
    found = likeness(EXPECTED, replace(REPORT, cases=(layer, CASES[1])))
    assert found.code == OTHER
    assert "the first divergent layer was v3, and is v5" in found.said


def test_an_output_that_is_not_there_any_more_is_another_figure() -> None:
    gone = replace(REPORT, cases=(replace(CASES[0], tensors=()), CASES[1]))
    found = likeness(EXPECTED, gone)
    assert found == Likeness(
        OTHER, "the same verdict on the same stack, but other figures: 16x16: 'out' was compared, and is not now"
    )


def test_which_layer_of_an_op_is_the_worst_is_no_figure() -> None:
    of_op = replace(TENSOR, output="v1", layer="conv2d")
    recorded, now = (
        (replace(CASES[0], tensors=(TENSOR, tensor)), CASES[1]) for tensor in (of_op, replace(of_op, output="v7"))
    )
    assert likeness(replace(EXPECTED, cases=recorded), replace(REPORT, cases=now)).code == SAME


def test_on_another_stack_the_verdict_decides() -> None:
    other = replace(with_tensor(max_abs_error=0.6), stack=OTHER_STACK)
    assert likeness(EXPECTED, other) == Likeness(
        SAME, "the same verdict, with other figures on another stack", ("numpy 2.4.0 → 2.4.1",)
    )
    passed = replace(REPORT, outcome=Outcome.PASS, message="", stack=OTHER_STACK)
    assert likeness(EXPECTED, passed) == Likeness(
        OTHER, "another verdict: MISMATCH then, PASS now", ("numpy 2.4.0 → 2.4.1",)
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outcome": Outcome.CRASH, "message": "died"}, "MISMATCH then, CRASH now (died)"),
        ({"cases": (CASES[0], replace(CASES[1], outcome=Outcome.MISMATCH))}, "12x20: PASS then, MISMATCH now"),
        ({"cases": (CASES[0],)}, "12x20: PASS then, nothing now"),
        ({"unsupported": ("tanh",)}, "it lacked nothing, and lacks tanh now"),
    ],
)
def test_another_verdict_is_told(changes: dict[str, object], said: str) -> None:
    assert likeness(EXPECTED, replace(REPORT, **changes)) == Likeness(OTHER, f"another verdict: {said}")


@pytest.mark.parametrize("outcome", [Outcome.INFRA_ERROR, Outcome.HARNESS_ERROR, Outcome.PRECLUDED])
def test_what_says_nothing_of_the_network_is_no_replay(outcome: Outcome) -> None:
    found = likeness(EXPECTED, replace(REPORT, outcome=outcome, message="no driver", stack={}))
    assert found == Likeness(NOT_REPLAYED, f"it could not be replayed here: {outcome}: no driver")


def test_an_attempt_that_ended_so_itself_is_repeated_by_just_that() -> None:
    expected = replace(EXPECTED, outcome=Outcome.VACUOUS, message="constant", cases=())
    same = replace(REPORT, outcome=Outcome.VACUOUS, message="constant", cases=())
    assert likeness(expected, same).code == SAME
    assert likeness(expected, replace(same, message="the unit was lost")).code == NOT_REPLAYED
