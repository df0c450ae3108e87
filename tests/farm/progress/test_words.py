"""The line for a log."""

from __future__ import annotations

import pytest

from farm.planning.cost import CONVERSION
from farm.progress.display import Lines
from farm.progress.stages import Progress, Rest, Stage, Work
from farm.progress.words import at_work, line, rest_at_a_glance, rest_words

WORK = Work("network:resnet50", "bench-1", 4.2)


def test_the_line() -> None:
    progress = Progress(
        Stage(CONVERSION, ("network:b",), (Work("network:a", "", 0.0),), done=3, failed=1),
        (
            Stage("numpy", ("network:x",), (WORK,), done=2),
            Stage("board", ("network:x",), waits="all offline"),
            Stage("torch"),
        ),
        repeats=1,
    )
    assert line(progress, {"numpy": Rest(75.0)}) == (
        "3 of 5 converted (1 in vain; a); numpy: 2 of 4 done (bench-1: resnet50 (4.2 s)); "
        "board: 0 of 1 done (1 wait: all offline); 1 to be converted again; about 1 min to go"
    )
    assert line(Progress(Stage(CONVERSION), ()), {}) == "nothing is left to do"


def test_many_at_work_are_named_in_part() -> None:
    assert at_work(Stage("numpy", under_way=(WORK,) * 6)).endswith("bench-1: resnet50 (4.2 s), and 2 more")


@pytest.mark.parametrize(
    ("rest", "said", "short"),
    [
        (Rest(), "", ""),
        (Rest(12.3), "about 12.3 s", "12.3 s"),
        (Rest(0.0, 3), "3 of unknown length", "?"),
        (Rest(7300.0, 3), "about 2.0 h and 3 of unknown length", "2.0 h+?"),
    ],
)
def test_what_is_left(rest: Rest, said: str, short: str) -> None:
    assert (rest_words(rest), rest_at_a_glance(rest)) == (said, short)


def test_a_log_says_what_is_new() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for done in (0, 0, 1):
        lines.show(Progress(Stage(CONVERSION, ("network:a",), done=done), ()), {})
    lines.say("a remark")
    assert said == ["farm: 0 of 1 converted", "farm: 1 of 2 converted", "a remark"]
