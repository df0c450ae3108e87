"""``--watch``: looks again and again, draws on terminals only, ends well by Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from farm.cli import watch
from farm.cli.watch import watched
from farm.database.engine import open_database
from farm.errors import InfrastructureError, NotFoundError
from tests.farm.cli.conftest import Terminal
from tests.farm.conftest import Scratch

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, int]]:
    """All that is printed by so many looks, and the exit code; each look prints what it is given, or raises it."""

    def look_at(out: io.StringIO, *said: str | Exception, as_json: bool = False) -> tuple[str, int]:
        left = list(said)

        def look() -> int:
            now = left.pop(0)
            if isinstance(now, Exception):
                raise now
            click.echo(now)
            click.echo("and more", err=True)
            return 1

        def wait(seconds: float) -> None:
            assert seconds == 3.0
            if not left:
                raise KeyboardInterrupt

        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(watch.time, "sleep", wait)
        monkeypatch.setenv("LINES", "8")
        code = watched(look, 3.0, as_json=as_json)
        return out.getvalue(), code

    return look_at


def test_a_terminal_is_drawn_over(looks: Callable[..., tuple[str, int]]) -> None:
    text, code = looks(Terminal(), "first", "second")
    assert code == 0
    assert text.count("\x1b[2J") == 1
    assert text.count("\x1b[H") == 2
    assert text.count("Ctrl-C ends") == 2
    assert "first\x1b[K\nand more\x1b[K\x1b[J" in text  # what goes to standard error is drawn too
    assert text.endswith("\x1b[J\n")


def test_what_the_terminal_has_no_lines_for_is_counted(looks: Callable[..., tuple[str, int]]) -> None:
    text, _ = looks(Terminal(), "\n".join(f"line {n}" for n in range(20)))
    drawn = text.partition("\x1b[H")[2].removesuffix("\n").split("\n")
    assert len(drawn) == 7
    assert "line 3" in drawn[5]
    assert drawn[-1].startswith("and 17 lines more")


def test_what_is_no_terminal_gets_one_after_the_other(
    looks: Callable[..., tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert looks(io.StringIO(), "first", "second") == ("first\n\nsecond\n\n", 0)
    assert capsys.readouterr().err == "and more\nand more\n"


def test_documents_are_never_drawn_over(looks: Callable[..., tuple[str, int]]) -> None:
    text, _ = looks(Terminal(), '{"a": 1}', '{"a": 2}', as_json=True)
    assert [json.loads(line) for line in text.splitlines()] == [{"a": 1}, {"a": 2}]


def test_a_database_that_is_away_later_is_asked_again(looks: Callable[..., tuple[str, int]]) -> None:
    text, code = looks(Terminal(), "first", InfrastructureError("it is away"), "third")
    assert code == 0
    assert "farm: it is away; looking again in 3 s" in text
    assert "third" in text


@pytest.mark.parametrize("error", [InfrastructureError("it is away"), NotFoundError("architecture", "x")])
def test_a_first_look_that_fails_ends_it(looks: Callable[..., tuple[str, int]], error: Exception) -> None:
    with pytest.raises(type(error)):
        looks(Terminal(), error)


def test_without_it_there_is_one_look() -> None:
    assert watched(lambda: 1, None) == 1


@pytest.mark.timeout(60)
def test_the_command_ends_by_ctrl_c_with_0(tiny: Scratch) -> None:
    """A process of its own in a pipe: two documents, then the signal."""
    (tiny.root / ".farm").mkdir()
    open_database(f"sqlite:///{tiny.root / '.farm' / 'farm.sqlite'}").close()
    code = "from farm.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "jobs", "--json", "--watch", "0.1"],
        cwd=tiny.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    starts = 0
    deadline = time.monotonic() + 50
    while starts < 2 and time.monotonic() < deadline:
        starts += process.stdout.readline().startswith('  "schema"')
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (starts, process.returncode, err) == (2, 0, "")
