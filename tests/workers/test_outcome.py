"""Outcomes are ranked, each belongs to one group, and their names are what rows and messages hold."""

from hypothesis import given
from hypothesis import strategies as st

from workers.outcome import Cause, Group, Outcome, worst

PRODUCT = {
    "MISMATCH",
    "NONFINITE",
    "SHAPE_OR_DTYPE",
    "CRASH",
    "DEVICE_TIMEOUT",
    "OUT_OF_MEMORY",
    "LOAD_REJECTED",
    "CONVERT_FAILED",
    "MODEL_FAILED",
    "NONDETERMINISTIC",
}


def test_every_outcome_belongs_to_the_group_that_the_rules_give_it() -> None:
    groups = {group: {o.name for o in Outcome if o.group is group} for group in Group}
    assert groups == {
        Group.PRODUCT: PRODUCT,
        Group.SUPPORT: {"UNSUPPORTED_OP"},
        Group.HARNESS: {"REFERENCE_INVALID", "VACUOUS", "HARNESS_ERROR"},
        Group.INFRA: {"INFRA_ERROR", "PRECLUDED"},
        Group.SKIPPED: {"SKIPPED"},
        Group.GOOD: {"PASS", "PASS_FALLBACK"},
    }


def test_names_are_values_since_rows_and_messages_hold_them() -> None:
    assert all(outcome.value == outcome.name for outcome in Outcome)
    assert len({cause.value for cause in Cause}) == len(Cause) == 8


def test_severity_ranks_product_before_support_before_harness_before_infra_before_good() -> None:
    order = [Group.PRODUCT, Group.SUPPORT, Group.HARNESS, Group.INFRA, Group.SKIPPED, Group.GOOD]
    ranked = sorted(Outcome, key=lambda outcome: outcome.severity)
    assert [order.index(outcome.group) for outcome in ranked] == sorted(order.index(o.group) for o in Outcome)
    assert ranked[0] is Outcome.MISMATCH
    assert ranked[-1] is Outcome.PASS


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1))
def test_the_worst_is_one_of_them_and_none_is_worse(outcomes: list[Outcome]) -> None:
    found = worst(outcomes)
    assert found in outcomes
    assert all(found.severity <= outcome.severity for outcome in outcomes)
    assert worst(reversed(outcomes)) is found


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1))
def test_one_bad_case_is_never_hidden_by_good_ones(outcomes: list[Outcome]) -> None:
    good = all(outcome.group is Group.GOOD for outcome in outcomes)
    assert (worst(outcomes).group is Group.GOOD) == good
