import os
import sys
import threading

import pytest

from mcore.platform.runtime import waiting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="helpers are for Linux")


class TestAWait:
    """With a clock and a processor of the test's own, which is away for ``slow`` seconds at each look."""

    slow = 1e-6

    @pytest.fixture
    def looks(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        looks: list[float] = []
        monkeypatch.setattr(waiting, "time", type("Clock", (), {"monotonic": lambda: 100 + sum(looks)}))
        monkeypatch.setattr(waiting.os, "sched_yield", lambda: looks.append(self.slow))
        return looks

    def test_for_what_is_released_soon_needs_no_sleep(self, looks: list[float]) -> None:
        asleep: list[float] = []

        def acquire(block: bool, timeout: float = 0) -> bool:
            asleep.append(timeout)
            return len(looks) == 100

        waiting.Wait()(acquire, lambda: None)
        assert set(asleep) == {0}

    def test_for_long_sleeps_and_asks_who_still_lives(self, looks: list[float]) -> None:
        asleep: list[float] = []
        checked: list[int] = []

        def acquire(block: bool, timeout: float = 0) -> bool:
            asleep.extend([timeout] * block)
            return len(asleep) == 3

        waiting.Wait()(acquire, lambda: checked.append(len(asleep)))
        assert sum(looks) == pytest.approx(waiting.AWAKE_S, rel=0.01)
        assert (asleep, checked) == ([waiting.PATIENCE_S] * 3, [1, 2])

    def test_where_others_want_the_processor_sleeps_for_some_time(
        self, looks: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(self), "slow", 1e-3)
        away: list[int] = []
        wait = waiting.Wait(lambda: away.append(1))

        def acquire(block: bool, timeout: float = 0) -> bool:
            return block

        for _ in range(10):
            wait(acquire, lambda: None)
        assert len(looks) == 1
        looks.append(1.01 * waiting.CROWDED_S)
        wait(acquire, lambda: None)
        assert len(looks) == 3
        assert len(away) == 2


class TestApart:
    @pytest.fixture
    def moves(self, monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
        moves: list[set[int]] = []
        monkeypatch.setattr(waiting.os, "sched_getaffinity", lambda _: set(range(1000)))
        monkeypatch.setattr(waiting.os, "sched_setaffinity", lambda _, allowed: moves.append(allowed))
        return moves

    def test_moves_away_from_who_is_on_the_same_processor(self, moves: list[set[int]]) -> None:
        apart = waiting.Apart(os.getpid())
        apart.thread = threading.get_native_id()
        apart.keep()
        others, all_again = moves
        assert (len(others), len(all_again)) == (999, 1000)

    @pytest.mark.parametrize("allowed", [1, 2])
    def test_moves_nowhere_without_need_or_choice(
        self, moves: list[set[int]], allowed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        places = iter([0, 0] if allowed == 1 else [0, 1])
        monkeypatch.setattr(waiting, "_processor", lambda _: next(places))
        monkeypatch.setattr(waiting.os, "sched_getaffinity", lambda _: set(range(allowed)))
        waiting.Apart(os.getpid()).keep()
        assert moves == []

    def test_stays_where_the_system_does_not_tell(self, moves: list[set[int]]) -> None:
        apart = waiting.Apart(os.getpid())
        apart.thread = 0  # no thread has that number
        apart.keep()
        assert moves == []
