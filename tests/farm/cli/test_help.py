"""Help: every command has it, with an example; exit codes of the command line itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest

from farm import cli as farm_cli
from farm.cli import COMMANDS, cli, main
from farm.errors import ExitCode, FarmError, InfrastructureError, NotFoundError, UsageError, WaitTimeoutError

CONTEXT = click.Context(cli, info_name="farm")


def commands(group: click.Group = cli, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(CONTEXT):
        command = group.get_command(CONTEXT, name)
        assert command is not None
        yield (*names, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))


EVERY = dict(commands())


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_the_help_lists_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == ExitCode.GOOD
    listed = " ".join(capsys.readouterr().out.split())
    for name, entry in COMMANDS.items():
        assert f" {name} {entry.summary} " in f"{listed} "
    modules = {path.stem for path in Path(farm_cli.__file__).parent.glob("*.py")}
    assert {entry.module for entry in COMMANDS.values()} <= modules


def test_the_help_says_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    said = " ".join(capsys.readouterr().out.split())
    words = {0: "good", 1: "a result is bad", 2: "usage", 3: "infrastructure", 4: "not found", 5: "timed out"}
    assert set(words) == set(ExitCode)
    assert all(f"{number} {word}" in said for number, word in words.items())


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_every_command_has_help(names: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*names, "-h") == ExitCode.GOOD
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: farm {' '.join(names)} ")
    assert EVERY[names].help


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_every_option_says_what_it_does(names: tuple[str, ...]) -> None:
    options = [p for p in EVERY[names].params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_every_command_has_an_example_that_is_right(names: tuple[str, ...]) -> None:
    command = EVERY[names]
    typed = f"farm {' '.join(names)} "
    examples = [line.strip() for line in (command.help or "").splitlines() if typed in f"{line} "]
    assert examples
    for example in examples:
        words = shlex.split(example.partition("farm ")[2].split("  ")[0])[len(names) :]
        if isinstance(command, click.Group) and words and words[0] in command.commands:
            continue  # an example of that one
        arguments = list(takewhile(lambda word: word not in {">", ">>"}, words))
        command.make_context(names[-1], arguments)  # raises where the example is wrong


def test_the_summary_in_the_list_is_of_that_command() -> None:
    for name, entry in COMMANDS.items():
        assert EVERY[name,].name == name
        assert entry.summary.endswith(".")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statsu"], "no command 'statsu'; did you mean status"),
        (["xyzzy"], "no command 'xyzzy'"),
        (["table", "--formt", "csv"], "--format"),
        (["table", "--format", "xml"], "'xml' is not one of"),
        (["status"], "Missing argument"),
        (["submit", "--timeout", "soon"], "'soon' is not a valid float"),
        (["submit", "--timeout", "-1"], "-1.0 is not in the range x>=0"),
        (["db", "downgrade"], "No such command 'downgrade'"),
    ],
)
def test_a_wrong_command_line_is_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("say it"), 2),
        (InfrastructureError("say it"), 3),
        (FarmError("say it"), 3),
        (WaitTimeoutError("say it"), 5),
        (NotFoundError("architecture", "say it"), 4),
        (click.UsageError("say it"), 2),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_is_a_line_and_a_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(EVERY["devices",], "callback", fail)
    assert run("devices") == code
    captured = capsys.readouterr()
    assert captured.out.strip() == ""
    assert ("say it" if code != 130 else "interrupted") in captured.err
    assert "Traceback" not in captured.err


def test_an_error_of_the_farms_own_code_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EVERY["devices",], "callback", lambda **_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        main(["devices"])


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run("--version") == ExitCode.GOOD
    assert capsys.readouterr().out.strip() == f"farm, version {version('device-farm')}"
