"""deploy/systemd, checked without systemd: what is started is there, by whom, and how it is ended."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from farm.cli import cli
from farm.host.options import device_type_of

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "deploy" / "systemd"
SERVICES = {path.stem: path for path in sorted(FOLDER.glob("*.service"))}
FARM = [name for name in SERVICES if name != "farm-redis"]
LASTING = [name for name in SERVICES if "Type=oneshot" not in SERVICES[name].read_text()]


def said(name: str, key: str) -> list[str]:
    """What a unit says of a key, which it may give several times."""
    lines = SERVICES[name].read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def started(name: str) -> list[str]:
    (line,) = said(name, "ExecStart")
    return shlex.split(line)


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_as_root(name: str) -> None:
    assert said(name, "User") == ["farm"]


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_started_again(name: str) -> None:
    assert (said(name, "Restart"), said(name, "WantedBy")) == (["always"], ["multi-user.target"])


@pytest.mark.parametrize("name", FARM)
def test_what_is_started_is_there(name: str) -> None:
    program, *arguments = started(name)
    assert said(name, "EnvironmentFile")[0] == "/etc/farm/farm.env"
    if program == "/srv/venv/bin/farm":
        command = cli.get_command(click.Context(cli), arguments[0])
        assert command is not None
        command.make_context(arguments[0], arguments[1:])
        assert said(name, "WorkingDirectory") == ["/srv/models"]  # the repository of networks
    else:
        assert (program, arguments[:3]) == ("/srv/venv/bin/celery", ["-A", "farm", "worker"])
        assert device_type_of({"queues": arguments[arguments.index("-Q") + 1].replace("%i", "numpy")}) == "numpy"


@pytest.mark.parametrize("name", sorted({*FARM} & {*LASTING}))
def test_what_a_process_has_started_is_ended_by_it(name: str) -> None:
    """Told to end together, what it was at could not end in order."""
    assert said(name, "KillMode") == ["mixed"]
    assert said(name, "KillSignal") == (["SIGQUIT"] if "celery" in started(name)[0] else [])


def test_the_page_tells_of_every_one() -> None:
    page = (ROOT / "docs" / "production.md").read_text()
    assert [path.name for path in FOLDER.iterdir() if path.stem.rstrip("@") not in page] == []
    assert len(SERVICES) >= 6
