"""What is refused is counted by reason and said once."""

from __future__ import annotations

import pytest

from farm.wires.refused import OTHER, REASONS, Refused


def test_a_reason_is_said_once_whatever_numbers_are_in_it(caplog: pytest.LogCaptureFixture) -> None:
    refused = Refused("results")
    for age in (5, 6, 7.5):
        refused.add(f"it expired {age} s ago")
    refused.add("it is not signed")
    assert [record.message for record in caplog.records] == [
        "refused a message on results, further ones are counted: it expired 5 s ago",
        "refused a message on results, further ones are counted: it is not signed",
    ]
    assert refused.counts == {"it expired # s ago": 3, "it is not signed": 1}
    refused.sum_up()
    assert caplog.records[-1].message == ("refused 4 messages on results: 3 x it expired # s ago; 1 x it is not signed")


def test_reasons_that_somebody_makes_up_do_not_pile_up(caplog: pytest.LogCaptureFixture) -> None:
    refused = Refused("results")
    for n in range(10 * REASONS):
        refused.add("x" * n)
    assert len(refused.counts) == len(caplog.records) == REASONS + 1
    assert refused.counts[OTHER] == 9 * REASONS
    assert refused.total == 10 * REASONS


def test_nothing_is_said_where_nothing_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    Refused("results").sum_up()
    assert not caplog.records
