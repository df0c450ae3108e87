"""Logs as JSON lines: what each has, who asks for them, and that a real host writes nothing else."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.coordinator.dispatch import dispatch
from farm.database.engine import Database
from farm.errors import UsageError
from farm.inventory import Inventory
from farm.logs.host import HostLines
from farm.logs.lines import JsonLines, log_format, log_to
from tests.farm.hosts import make_host
from tests.farm.real_hosts import HostProcess, wait
from tests.farm.rows import START, FakeWire, submit


def record(message: str, *arguments: object, **about: object) -> logging.LogRecord:
    made = logging.LogRecord("farm.test", logging.INFO, "x.py", 1, message, arguments, None)
    vars(made).update(about)
    return made


@contextmanager
def bare_root() -> Iterator[None]:
    """The root logger without handlers, as in a process of its own; and as it was afterwards."""
    logger = logging.getLogger()
    before, level = logger.handlers[:], logger.level
    logger.handlers[:] = []
    yield
    logger.handlers[:] = before
    logger.setLevel(level)


@given(st.text(), st.text())
def test_any_record_is_one_line_that_says_the_same(message: str, unit: str) -> None:
    line = JsonLines().format(record("%s", message, unit=unit, job=7))
    assert len(line.splitlines()) == 1
    said = json.loads(line)
    assert (said["message"], said["unit"], said["job"]) == (message, unit, 7)
    assert list(said)[:4] == ["time", "level", "logger", "message"]
    assert "attempt" not in said


def test_an_exception_is_a_field() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        made = record("it broke")
        made.exc_info = sys.exc_info()
    said = json.loads(JsonLines().format(made))
    assert said["exception"].splitlines()[-1] == "lines"
    assert "Traceback" in said["exception"]


@pytest.mark.parametrize(("asked", "as_json"), [(None, False), ("text", False), ("json", True)])
def test_what_the_environment_asks_for(monkeypatch: pytest.MonkeyPatch, asked: str | None, as_json: bool) -> None:
    monkeypatch.delenv("FARM_LOG_FORMAT", raising=False)
    if asked:
        monkeypatch.setenv("FARM_LOG_FORMAT", asked)
    out = io.StringIO()
    with bare_root():
        assert log_to(out) is as_json
        logging.getLogger("farm.x").info("said", extra={"attempt": "a1"})
    assert out.getvalue().startswith("{") is as_json
    assert out.getvalue().count("\n") == 1


def test_an_unknown_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_LOG_FORMAT", "jsn")
    with pytest.raises(UsageError, match="'jsn' is no format of logs; it is text or json"):
        log_format()


def test_the_line_that_joins_an_attempt_to_its_job(
    database: Database, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    submission = submit(database, inventory, ["net"])
    wire = FakeWire()
    dispatch(database, inventory, wire, START)
    said = [json.loads(JsonLines().format(r)) for r in caplog.records if hasattr(r, "job")]
    assert {(one["attempt"], one["device"]) for one in said} == {(m.attempt, m.device_type) for m in wire.sent}
    assert {(one["job"], one["submission"]) for one in said} == {(1, submission), (2, submission)}


def test_a_host_says_its_unit_and_the_attempt_of_the_workers_own_records() -> None:
    lines = HostLines("board-3")
    assert json.loads(lines.format(record("ready")))["unit"] == "board-3"
    received = record("Task received", data={"id": "a1", "name": "farm.attempt"})
    assert json.loads(lines.format(received))["attempt"] == "a1"


@pytest.mark.timeout(120)
def test_a_real_host_writes_json_lines(tmp_path: Path) -> None:
    """Its broker is away, which it says."""
    process = HostProcess(make_host(tmp_path), tmp_path, "redis://127.0.0.1:1/0")
    process.start({"FARM_LOG_FORMAT": "json"})
    try:
        wait(lambda: "Cannot connect" in process.said or not process.lives, 60, lambda: process.said)
    finally:
        process.stop()
    (said, *_) = [json.loads(line) for line in process.said.splitlines() if "Cannot connect" in line]
    assert (said["level"], said["unit"]) == ("ERROR", make_host(tmp_path / "other").settings.unit)
