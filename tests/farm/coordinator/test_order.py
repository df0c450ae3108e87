"""The order of what waits: by urgency, and with a bound on how long the oldest is passed over."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from farm.coordinator.order import TURN, Waiting, in_turn, passed_over
from tests.farm.rows import START

Queue = dict[int, tuple[int, datetime]]  # priority and time of submission, by id


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def begin(queue: Queue, begun: list[datetime], room: int) -> list[int]:
    """Begin up to ``room`` as a coordinator does, of a queue that it sees the first ``room`` of."""
    urgent = sorted(queue, key=lambda i: (queue[i][0], i))[:room]
    oldest = sorted(queue, key=lambda i: (queue[i][1], queue[i][0], i))[:room]
    waiting = [[Waiting(i, queue[i][1]) for i in ids] for ids in (urgent, oldest)]
    chosen = in_turn(waiting[0], waiting[1], begun[::-1][: TURN - 1], room)
    begun += [queue.pop(i)[1] for i in chosen]
    return chosen


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=12),
    st.lists(st.lists(st.integers(0, 300), max_size=8), max_size=40),
    st.integers(1, 5),
)
def test_the_oldest_is_begun_within_its_turns_whatever_comes_in(
    old: list[int], arriving: list[list[int]], room: int
) -> None:
    queue: Queue = {i: (1000 + priority, at(0)) for i, priority in enumerate(old)}
    begun: list[datetime] = []
    ids, places = len(old), {}
    for minute, new in enumerate(arriving):
        for priority in (0, *new):  # there is always something more urgent
            queue[ids] = (priority, at(minute + 1))
            ids += 1
        before = len(begun)
        for place, job in enumerate(begin(queue, begun, room)):
            places[job] = before + place + 1
    order = sorted((i for i in places if i < len(old)), key=lambda i: places[i])
    assert all(places[job] <= TURN * n for n, job in enumerate(order, start=1))
    assert len(order) >= min(len(old), len(begun) // TURN)
    assert order == sorted(order, key=lambda i: (old[i], i))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=30), st.integers(1, 7))
def test_all_but_one_of_a_turn_are_the_most_urgent_that_wait(jobs: list[tuple[int, int]], room: int) -> None:
    queue: Queue = {i: (priority, at(minute)) for i, (priority, minute) in enumerate(jobs)}
    begun: list[datetime] = []
    against: list[bool] = []
    while queue:
        most_urgent = sorted(queue, key=lambda i: (queue[i][0], i))
        for job in begin(queue, begun, room):
            against.append(job != most_urgent[0])
            most_urgent.remove(job)
    assert len(against) == len(jobs)
    for start in range(len(against)):
        assert sum(against[start : start + TURN]) <= 1


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 30), st.lists(st.integers(-5, 5), max_size=6))
def test_within_one_submission_priority_alone_counts(priorities: list[int], room: int, recent: list[int]) -> None:
    queue: Queue = {i: (priority, at(0)) for i, priority in enumerate(priorities)}
    expected = sorted(queue, key=lambda i: (queue[i][0], i))[:room]
    assert begin(queue, [at(min(minute, 0)) for minute in recent], room) == expected


def test_it_takes_four_later_ones_in_a_row() -> None:
    assert not passed_over(at(0), [at(1)] * 3)
    assert passed_over(at(0), [at(1)] * 4)
    assert not passed_over(at(0), [at(1), at(1), at(0), at(1)])
    assert not passed_over(at(0), [at(1), at(1), at(1), at(-1)])
    assert passed_over(at(0), [at(1), at(2), at(3), at(4), at(-1)])


def test_nothing_waits_or_there_is_no_room() -> None:
    assert in_turn([], [], [], 3) == []
    assert in_turn([Waiting(1, at(0))], [Waiting(1, at(0))], [], 0) == []
