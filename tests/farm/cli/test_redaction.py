"""No secret is ever said: every command, with everything that could fail failing, and the logs of what runs for long.

A command's traceback counts as said too: it is what a mistake of the farm's own would show.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from farm.cli import cli, main
from farm.database.engine import open_database
from tests.farm.conftest import Scratch
from tests.farm.hosts import make_host
from tests.farm.real_hosts import HostProcess, wait

SECRET = "hunter2-of-the-"
SECRETS = {
    "FARM_SIGNING_KEY": f"{SECRET}signing-key",
    "FARM_DEVICE_KEY": f"{SECRET}device-key",
    "FARM_PAGES_TOKEN": f"{SECRET}pages-token",
    "FARM_STATUS_URL": "http://127.0.0.1:1/repos/ada/nets",
    "FARM_WEBHOOK_URL": f"http://127.0.0.1:1/{SECRET}webhook",
    "FARM_WEBHOOK_SECRET": f"{SECRET}webhook-secret",
    "FARM_CHAT_URL": f"http://127.0.0.1:1/{SECRET}chat",
    "FARM_STATUS_TOKEN": f"{SECRET}status-token",
    "AWS_ACCESS_KEY_ID": "id-of-the-key",
    "AWS_SECRET_ACCESS_KEY": f"{SECRET}store-key",
    "AWS_SESSION_TOKEN": f"{SECRET}store-token",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_REGION": "nowhere",
}
BROKER, DATABASE, STORE = "FARM_BROKER_URL", "FARM_DATABASE_URL", "FARM_STORE_URL"
AWAY = {
    BROKER: f"redis://farm:{SECRET}broker@127.0.0.1:1/0",
    DATABASE: f"postgresql://farm:{SECRET}database@127.0.0.1:1/farm",
    STORE: "s3://bucket/prefix",
}
#: What is away or wrong; where the database is not among it, there is one without any row.
TROUBLES: dict[str, dict[str, str]] = {
    "all is away": AWAY,
    "no row, and the others are away": {BROKER: AWAY[BROKER], STORE: AWAY[STORE]},
    "a store of another kind": {STORE: f"https://farm:{SECRET}store@127.0.0.1:1/x"},
    "passwords that should have been quoted": {
        BROKER: f"redis://:{SECRET}a/{SECRET}@x@127.0.0.1:port/0",
        DATABASE: f"postgresql://farm:{SECRET}b/{SECRET}@y@127.0.0.1:port/farm",
        STORE: f"https://farm:{SECRET}c/{SECRET}@z@127.0.0.1:port/x",
    },
    "passwords as parameters": {
        BROKER: f"redis://127.0.0.1:1/0?password={SECRET}broker",
        DATABASE: f"postgresql://127.0.0.1:1/farm?user=farm&password={SECRET}database",
        STORE: f"https://127.0.0.1:1/x?token={SECRET}store",
    },
    "no such kinds": {
        BROKER: f"gopher://:{SECRET}@127.0.0.1/0",
        DATABASE: f"oracle://farm:{SECRET}@127.0.0.1/farm",
        STORE: f"ftp://farm:{SECRET}@127.0.0.1/x",
    },
    "TLS that is set wrongly": {
        BROKER: f"rediss://:{SECRET}broker@127.0.0.1:1/0",
        "FARM_BROKER_CA": "/nonexistent/ca.pem",
    },
}
#: Each command with what makes it do something, and whether it has ``--json``.
COMMANDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "submit": (("--changed-since", "HEAD", "--wait", "--timeout", "1"), True),
    "status": (("Tiny",), True),
    "table": ((), True),
    "diff": (("HEAD",), True),
    "gate": (("--fail-on", "failure"), True),
    "history": (("Tiny",), True),
    "bisect": (("Tiny", "--device", "numpy", "--good", "HEAD~1", "--timeout", "1"), True),
    "repro": (("abcdef",), False),
    "regressions": ((), True),
    "regressions show": (("1",), True),
    "regressions known list": ((), True),
    "regressions known add": (("abc", "--owner", "x", "--until", "2999-01-01"), False),
    "regressions known remove": (("abc",), False),
    "plan": ((), True),
    "audit": (("--history",), True),
    "why": (("Tiny",), True),
    "convert": (("NoSuch", "--out", "out"), False),
    "devices": ((), True),
    "devices drain": (("unit-1", "--reason", "x"), False),
    "devices resume": (("unit-1",), False),
    "devices check": (("unit-1",), False),
    "devices retire": (("unit-1", "--reason", "x"), False),
    "jobs": ((), True),
    "metrics": ((), False),
    "logs": (("0123abcd",), True),
    "jobs cancel": (("1",), False),
    "jobs release": (("1",), False),
    "web": (("--port", "0"), False),
    "report": (("--html", "site"), False),
    "up": (("--device", "absent"), False),
    "coordinator": (("--no-convert",), False),
    "converter": ((), False),
    "gc": (("--dry-run",), True),
    "doctor": ((), True),
    "schema": (("status",), False),
    "selftest": (("--list",), True),
    "fixes": ((), True),
    "rejudge": (("--policy", "fp32"), True),
    "checkpoints list": ((), True),
    "checkpoints search": (("task = x",), True),
    "checkpoints show": (("x",), True),
    "checkpoints verify": ((), True),
    "checkpoints reindex": ((), True),
    "checkpoints gc": ((), True),
    "checkpoints export": (("x", "--out", "x.safetensors"), True),
    "checkpoints import": (("absent",), True),
    "broker acl": (("--device", "numpy", "--password-file", "password"), False),
    "broker key": (("--device", "numpy"), False),
    "db upgrade": ((), False),
}


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands that can be run, as they are typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
            if not command.invoke_without_command:
                continue
        yield " ".join((*path, name))


def test_every_command_is_among_them() -> None:
    assert set(leaves(cli)) == set(COMMANDS)


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, tiny: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    tiny.write({"password": f"{SECRET}account"})
    for name, value in {**SECRETS, **TROUBLES[request.param]}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    if DATABASE in TROUBLES[request.param]:
        monkeypatch.setenv("FARM_CHECKPOINTS_DATABASE_URL", TROUBLES[request.param][DATABASE])
    else:
        monkeypatch.setenv(DATABASE, f"sqlite:///{tmp_path / 'farm.sqlite'}")
        open_database(f"sqlite:///{tmp_path / 'farm.sqlite'}").close()
    for command in ("coordinator", "converter", "web"):
        monkeypatch.setattr(f"farm.cli.{command}.stop_on_signals", _stopped_soon)
    monkeypatch.setattr("farm.coordinator.loop.BACK_OFF_S", 0.1)
    return str(request.param)


def _stopped_soon() -> threading.Event:
    stop = threading.Event()
    threading.Timer(0.6, stop.set).start()
    return stop


@pytest.mark.timeout(180)
def test_no_command_says_a_secret(
    trouble: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failed = 0
    for command, (arguments, has_json) in COMMANDS.items():
        for more in ((), ("--json",)) if has_json else ((),):
            line = (*command.split(), *arguments, *more)
            said, code = run(line, capfd)
            assert SECRET not in said, line
            if command != "broker key":  # whose task it is to say one
                assert "Traceback" not in said, f"{line}: {said}"
            failed += code not in (0, 1)
    assert SECRET not in caplog.text
    assert failed >= 2, "nothing failed: what was there to say?"


def run(arguments: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> tuple[str, int]:
    """All that a command says, and its exit code."""
    capfd.readouterr()
    code, broke = 0, ""
    try:
        main(arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:
        code, broke = 1, traceback.format_exc()
    captured = capfd.readouterr()
    return captured.out + captured.err + broke, code


@pytest.mark.timeout(120)
def test_the_log_of_a_host_that_finds_no_broker_has_no_secret(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    process = HostProcess(host, tmp_path, AWAY[BROKER], ("-Q", "device_numpy", "--loglevel", "DEBUG"))
    process.start(SECRETS)
    try:
        wait(lambda: "Cannot connect" in process.said or not process.lives, 60, lambda: process.said)
        time.sleep(1.0)
        assert process.lives, process.said
    finally:
        process.stop()
    assert SECRET not in process.said


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["no such kinds", "passwords that should have been quoted", "TLS that is set wrongly"])
def test_a_host_with_a_url_of_no_broker_says_so_without_it(tmp_path: Path, name: str) -> None:
    process = HostProcess(make_host(tmp_path), tmp_path, TROUBLES[name][BROKER])
    process.start({**SECRETS, **TROUBLES[name], STORE: str(tmp_path)})
    try:
        assert process.ended() != 0
    finally:
        process.stop()
    assert SECRET not in process.said
    assert "Traceback" not in process.said
