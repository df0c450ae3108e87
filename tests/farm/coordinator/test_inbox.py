"""What waits for its end, what does not, and that nothing is lost of what was taken."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.clock import Clock
from farm.coordinator.inbox import BEGUN_S, IN_ONE_TRANSACTION, Inbox
from farm.errors import BrokerError
from farm.protocol import Message, RefusalMessage, StartedMessage
from tests.farm.test_protocol import HEARTBEAT


class Time(Clock):
    """Stands still but for what is waited."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Delivered:
    message: Message
    signer: str | None = None
    acknowledged: int = 0

    def acknowledge(self) -> None:
        self.acknowledged += 1


@dataclass
class Wire:
    """Brings messages at their times; ``None`` among them is a broker that is away when it is its turn."""

    time: Time
    coming: deque[tuple[float, Delivered | None]] = field(default_factory=deque)

    def receive(self, timeout_s: float) -> Delivered | None:
        if not self.coming or self.coming[0][0] > self.time.seconds + timeout_s:
            self.time.seconds += timeout_s
            return None
        at, delivery = self.coming.popleft()
        self.time.seconds = max(self.time.seconds, at)
        if delivery is None:
            raise BrokerError("away")
        return delivery


def begun(attempt: str) -> Delivered:
    return Delivered(StartedMessage(attempt, "t", "u"))


def ended(attempt: str) -> Delivered:
    return Delivered(RefusalMessage(attempt, "t", "u", "why"))


def inbox_of(*coming: tuple[float, Delivered | None]) -> tuple[Inbox, Time]:
    time = Time()
    return Inbox(Wire(time, deque(coming)), time), time  # type: ignore[arg-type]


def test_a_beginning_waits_for_its_end_and_is_merged_with_it() -> None:
    one, end = begun("a"), ended("a")
    inbox, time = inbox_of((0.0, one), (0.03, end))
    assert inbox.take(0.2) == [one, end]
    assert time.seconds == 0.03


def test_a_beginning_without_an_end_waits_a_moment_only() -> None:
    one = begun("a")
    inbox, time = inbox_of((0.0, one), (1.0, ended("a")))
    assert inbox.take(0.2) == [one]
    assert time.seconds == pytest.approx(BEGUN_S)


def test_what_ended_does_not_wait_for_what_began() -> None:
    late, early, end, beat = begun("late"), begun("early"), ended("early"), Delivered(HEARTBEAT)
    inbox, time = inbox_of((0.0, late), (0.0, early), (0.0, end), (0.0, beat))
    assert inbox.take(0.2) == [early, end, beat]
    assert time.seconds == 0.0
    assert inbox.settle() == 3
    assert inbox.take(0.2) == [late]
    assert time.seconds == pytest.approx(BEGUN_S)


def test_what_is_not_settled_is_given_again_and_nothing_is_acknowledged() -> None:
    end = ended("a")
    inbox, _ = inbox_of((0.0, end), (0.0, ended("b")))
    first = list(inbox.take(0.2))
    assert inbox.take(0.2) == first
    assert end.acknowledged == 0
    assert inbox.settle() == 2
    assert end.acknowledged == 1
    assert inbox.take(0.0) == []


def test_a_broker_that_is_away_holds_up_nothing_that_was_taken() -> None:
    end, one = ended("a"), begun("b")
    inbox, _ = inbox_of((0.0, end), (0.0, None), (0.0, one), (0.0, None), (0.0, None), (0.0, None))
    assert inbox.take(0.2) == [end]
    inbox.settle()
    assert inbox.take(0.2) == [one]
    inbox.settle()
    with pytest.raises(BrokerError):
        inbox.take(0.2)


def test_no_more_is_taken_than_goes_into_a_transaction() -> None:
    many = [begun(f"a{n}") for n in range(IN_ONE_TRANSACTION)]
    inbox, _ = inbox_of(*((0.0, each) for each in [*many, *(begun(f"b{n}") for n in range(5))]))
    assert inbox.take(0.2) == many


@given(
    st.lists(st.tuples(st.floats(0, 0.2), st.sampled_from([begun, ended]), st.sampled_from("abc")), max_size=12).map(
        lambda rows: sorted(rows, key=lambda row: row[0])
    )
)
def test_whatever_comes_is_given_out_once_beginnings_before_ends(rows: list[tuple[float, object, str]]) -> None:
    sent = [(at, make(name)) for at, make, name in rows]  # type: ignore[operator]
    inbox, _ = inbox_of(*sent)
    got: list[Delivered] = []
    for _ in range(40):
        got += inbox.take(0.05)
        inbox.settle()
    assert sorted(map(id, got)) == sorted(id(each) for _, each in sent)
    assert all(each.acknowledged == 1 for each in got)
    for name in "abc":
        own = [each for each in got if each.message.attempt == name]  # type: ignore[union-attr]
        assert own == [each for _, each in sent if each.message.attempt == name]
