"""What is refused is counted by reason and said once."""

from __future__ import annotations

import pytest

from farm.broker.signing import seal
from farm.wires.refused import OTHER, REASONS, Refused, as_it_says


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


def test_hosts_are_told_apart_by_the_numbers_of_their_names(caplog: pytest.LogCaptureFixture) -> None:
    refused = Refused("results")
    for unit in ("bench-3", "bench-4", "bench-3"):
        refused.add(f"unit {unit}: it expired 7 s ago")
    assert [record.message.rpartition("unit ")[2] for record in caplog.records] == [
        "bench-3: it expired 7 s ago",
        "bench-4: it expired 7 s ago",
    ]


def test_what_a_message_says_that_it_is() -> None:
    beat = '{"schema": "heartbeat/1", "unit": "bench-3", "and": ["more"]}'
    assert as_it_says(beat) == "a heartbeat that names unit bench-3"
    assert as_it_says(seal(beat.encode(), "any key", "numpy", 0).decode()) == "a heartbeat that names unit bench-3"
    for nothing in ("", "[]", '{"schema": "heartbeat/1"}', '{"schema": "heartbeat/1", "unit": 3}', "[" * 100_000):
        assert as_it_says(nothing) == "a message that names no unit"
