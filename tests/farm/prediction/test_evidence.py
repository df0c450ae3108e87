from __future__ import annotations

import pytest

from farm.prediction.belief import Failure
from farm.prediction.evidence import EVIDENCE, observed
from farm.states.verdict import Verdict

TRAITS = ("cat", "conv2d", "conv2d: depthwise", "conv2d: kernel of 5 or more")
CONV = frozenset(TRAITS[1:])


def test_a_pass_accuses_nothing() -> None:
    assert observed(TRAITS, Verdict.SUPPORTED).failures == ()


def test_a_missing_op_is_named_by_itself() -> None:
    assert observed(TRAITS, Verdict.UNSUPPORTED, ["cat"]).failures == (Failure(frozenset({"cat"}), said=True),)


def test_with_a_reason_something_about_its_use_is_missing_not_the_op() -> None:
    (failure,) = observed(TRAITS, Verdict.UNSUPPORTED, ["conv2d: kernel larger than 4"]).failures
    assert failure == Failure(CONV - {"conv2d"}, said=True)


def test_each_thing_that_is_missing_is_a_failure_of_its_own() -> None:
    found = observed(TRAITS, Verdict.UNSUPPORTED, ["cat", "conv2d: kernel larger than 4"]).failures
    assert [failure.suspects for failure in found] == [{"cat"}, CONV - {"conv2d"}]


def test_words_that_name_no_op_of_the_graph_leave_all_of_it_suspect() -> None:
    assert observed(TRAITS, Verdict.UNSUPPORTED, ["TopK with int32"]).failures == (Failure(frozenset(TRAITS)),)


def test_a_wrong_layer_accuses_its_op_and_how_it_is_used() -> None:
    assert observed(TRAITS, Verdict.FAILED, (), "conv2d").failures == (Failure(CONV),)


@pytest.mark.parametrize("layer", [None, "gelu"])
def test_without_a_layer_everything_is_suspect(layer: str | None) -> None:
    assert observed(TRAITS, Verdict.FAILED, (), layer).failures == (Failure(frozenset(TRAITS)),)


@pytest.mark.parametrize("verdict", [Verdict.PARTIAL, Verdict.FLAKY])
def test_what_passes_at_times_has_another_reason_than_its_traits(verdict: Verdict) -> None:
    assert observed(TRAITS, verdict).failures == (Failure(frozenset()),)


def test_what_says_nothing_is_no_evidence() -> None:
    assert not {Verdict.NO_VERDICT, Verdict.MISSING} & set(EVIDENCE)
