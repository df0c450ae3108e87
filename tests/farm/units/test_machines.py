from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from farm.units.machines import MOST, at_once, doubled, with_heartbeat
from tests.farm.rows import START

LASTS_S = 30.0


def after(beats: Sequence[tuple[float, str]], lasts_s: float = LASTS_S) -> dict[str, Any]:
    """What is known after heartbeats, each with its second and its machine."""
    machines: dict[str, Any] = {}
    for second, machine in beats:
        machines = with_heartbeat(machines, machine, at(second), lasts_s)
    return machines


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def test_machines_that_are_heard_in_turns_are_two() -> None:
    turns = [(0, "a"), (4, "b"), (10, "a")]
    assert at_once(after(turns[:2]), at(4)) == ()
    assert at_once(after(turns), at(10)) == ("a", "b")
    assert doubled(after(turns), at(10)) == "a and b report as one unit: give each a FARM_UNIT of its own"


def test_each_of_any_number_is_named() -> None:
    turns = [(10 * turn + 2 * place, name) for turn in range(3) for place, name in enumerate("cab")]
    assert at_once(after(turns), at(24)) == ("a", "b", "c")


def test_once_one_of_them_is_silent_there_is_one_again() -> None:
    turns = [(0, "a"), (4, "b"), (10, "a"), (14, "b"), (20, "b"), (30, "b")]
    assert at_once(after(turns), at(40)) == ("a", "b")
    assert at_once(after(turns), at(41)) == ()


def test_who_is_heard_often_does_not_hide_who_is_heard_seldom() -> None:
    machines = with_heartbeat({}, "seldom", START, 180)
    for second in range(1, 120):
        machines = with_heartbeat(machines, "often", at(second), 3)
    machines = with_heartbeat(machines, "seldom", at(120), 180)
    assert at_once(machines, at(120)) == ("often", "seldom")


@given(moves=st.lists(st.integers(1, 5), min_size=1, max_size=6), silent_s=st.floats(0.1, 100))
def test_a_unit_that_moves_to_other_machines_is_one(moves: list[int], silent_s: float) -> None:
    beats, second = [], 0.0
    for machine, heartbeats in enumerate(moves):
        for _ in range(heartbeats):
            beats.append((second, str(machine)))
            second += 10
        second += silent_s
        assert at_once(after(beats), at(beats[-1][0])) == ()


@given(names=st.lists(st.text(max_size=3), max_size=60))
def test_what_is_kept_is_bounded(names: list[str]) -> None:
    machines = after([(second / 10, name) for second, name in enumerate(names)])
    assert len(machines) <= MOST
    assert not names or names[-1] in machines
