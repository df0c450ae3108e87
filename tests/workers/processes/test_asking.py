"""Children that answer in one line: through a real process, whatever becomes of it."""

from __future__ import annotations

import sys

import pytest

from workers.processes.asking import MAX_ANSWER, ask


def command(code: str) -> list[str]:
    return [sys.executable, "-c", f"import os, sys, time\n{code}"]


def test_the_question_comes_and_the_answer_goes_beside_what_is_printed() -> None:
    code = "from workers.processes.asking import answer, asked; print('chatter'); answer(asked()[::-1])"
    said, ending = ask(command(code), {"a": [1]}, time_s=30)
    assert said == b'}]1[:"a"{\n'
    assert (ending.code, ending.log) == (0, "chatter\n")


@pytest.mark.parametrize(
    ("code", "said", "ended", "time_s"),
    [
        ("pass", b"", 0, 30),
        ("os.write(int(sys.argv[1]), b'half'); os.abort()", b"half", -6, 30),
        ("os.write(int(sys.argv[1]), b'half'); time.sleep(60)", b"half", -9, 2),
    ],
)
def test_an_answer_that_is_not_whole_is_told_from_one_that_is(
    code: str, said: bytes, ended: int, time_s: float
) -> None:
    assert [(found, ending.code) for found, ending in [ask(command(code), None, time_s=time_s)]] == [(said, ended)]


def test_no_more_is_listened_to_than_an_answer_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.processes.supervise.GRACE_S", 0.2)
    said, ending = ask(command("while True: os.write(int(sys.argv[1]), b'x' * 4096)"), None, time_s=30)
    assert said == b"x" * MAX_ANSWER
    assert (ending.code, ending.timed_out) == (-9, False)
