"""``farm gate``, and what it has in common with ``farm submit``: options, reports, exit codes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from farm.answers.schemas import GATE_SCHEMA
from farm.cli.gate_options import Asked, posted_status
from farm.database.engine import Database
from farm.errors import ExitCode, InfrastructureError, WaitTimeoutError
from farm.inventory import load_inventory
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.documents.valid import valid
from tests.farm.rows import START, judge, submit
from tests.farm.servers import Recorder
from workers.outcome import Cause, Outcome

Command = Callable[..., Said]


@pytest.fixture
def recorded(tiny: Scratch, migrated_sqlite: Path) -> tuple[str, str]:
    """A commit and its successor, which breaks one network, and leaves one broken."""
    (tiny.root / ".farm").mkdir()
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    first, second = tiny.git("rev-parse", "HEAD"), tiny.commit({}, "Second")
    for place, (commit, name, outcome) in enumerate(
        [
            (first, "breaks", Outcome.PASS),
            (first, "broken", Outcome.MISMATCH),
            (second, "breaks", Outcome.MISMATCH),
            (second, "broken", Outcome.MISMATCH),
        ]
    ):
        submitted = START.replace(hour=place)
        submit(database, inventory, [name], commit, version=commit, submitted=submitted)
        judge(database, inventory, outcome, Cause.DEVICE_STACK)
    database.close()
    return first, second


def test_the_text(recorded: tuple[str, str], farm: Command) -> None:
    said = farm("gate", "--base", "HEAD~1")
    assert said.code == ExitCode.BAD_RESULT
    head, commits, columns, *rows = [" ".join(line.split()) for line in said.out.splitlines()]
    assert head == "✗ farm gate failed: 2 regressions, 2 fail already"
    assert commits == f"{recorded[1]} against {recorded[0]}"
    assert columns == "change kind architecture device before after why"
    assert rows[0].startswith("regression network breaks numpy ✓ SUPPORTED ✗ FAILED (MISMATCH) device stack at layer1")


def test_it_says_that_an_earlier_commit_is_judged(recorded: tuple[str, str], farm: Command, tiny: Scratch) -> None:
    assert farm("gate", "--base", "HEAD~1").err == ""
    tiny.commit({}, "Third")
    said = farm("gate", "--base", "HEAD~2")
    nearest = f"judged is {recorded[1][:10]}, the nearest commit before it that is"
    assert said.err == f"farm: nothing is recorded of where you are; {nearest}\n"
    assert said.code == ExitCode.BAD_RESULT


@pytest.mark.usefixtures("recorded")
def test_what_it_fails_on(farm: Command) -> None:
    assert farm("gate", "--base", "HEAD~1", "--fail-on", "never").code == ExitCode.GOOD
    assert farm("gate", "HEAD", "--base", "HEAD~1", "--fail-on", "failure").code == ExitCode.BAD_RESULT
    alone = farm("gate", "--fail-on", "failure")
    assert (alone.code, "against" in alone.out) == (ExitCode.BAD_RESULT, False)


@pytest.mark.usefixtures("recorded")
def test_every_form_says_the_same(farm: Command, tiny: Scratch) -> None:
    files = ("--markdown", "gate.md", "--junit", "gate.xml")
    said = farm("gate", "--base", "HEAD~1", "--json", *files)
    document = valid(said.out)
    assert (document["schema"], document["exit_code"], said.code) == (GATE_SCHEMA, 1, 1)
    assert document["counts"]["regression"] == 2
    assert farm("gate", "--base", "HEAD~1", "--format", "md").out == (tiny.root / "gate.md").read_text()
    root = ElementTree.fromstring(farm("gate", "--base", "HEAD~1", "--format", "junit").out)
    assert root.get("failures") == "4"
    assert ElementTree.fromstring((tiny.root / "gate.xml").read_text()).get("failures") == "4"


@pytest.mark.usefixtures("recorded")
def test_without_a_base_it_says_what_to_do(farm: Command) -> None:
    for arguments, told in (
        ((), "--base"),
        (("--base", "HEAD"), "its own base"),
        (("HEAD~1", "--base", "HEAD"), "own base"),
    ):
        said = farm("gate", *arguments)
        assert (said.code, said.out) == (ExitCode.USAGE, "")
        assert told in said.err


@pytest.mark.usefixtures("recorded")
def test_a_report_that_has_nowhere_to_go(farm: Command, tiny: Scratch) -> None:
    said = farm("gate", "--base", "HEAD~1", "--markdown", "absent/gate.md")
    assert (said.code, "absent/gate.md: there is no such folder" in said.err) == (ExitCode.USAGE, True)
    (tiny.root / "gate.md").symlink_to("absent/gate.md")
    said = farm("gate", "--base", "HEAD~1", "--markdown", "gate.md")
    assert (said.code, "gate.md: cannot be written" in said.err) == (ExitCode.INFRASTRUCTURE, True)


@pytest.mark.usefixtures("recorded")
def test_what_is_not_there_is_not_found(farm: Command) -> None:
    for arguments in (("nowhere",), ("HEAD", "--base", "nowhere")):
        said = farm("gate", *arguments)
        assert (said.code, "nowhere" in said.err) == (ExitCode.NOT_FOUND, True)


def test_the_status_of_the_commit_is_posted(
    recorded: tuple[str, str], farm: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_STATUS_TOKEN", "secret")
    monkeypatch.setenv("FARM_PAGES_URL", "https://farm.example.org")
    with Recorder() as server:
        url = f"{server.url}/repos/ada/nets"
        assert farm("gate", "--base", "HEAD~1", "--status-url", url).code == ExitCode.BAD_RESULT
        assert farm("gate", "--base", "HEAD~1", "--fail-on", "never", "--status-url", url).code == ExitCode.GOOD
    failure, success = server.taken
    assert failure.path == f"/repos/ada/nets/statuses/{recorded[1]}"
    assert failure.document == {
        "state": "failure",
        "context": "farm/gate",
        "description": "failed: 2 regressions, 2 fail already",
        "target_url": f"https://farm.example.org/diff/{recorded[0]}/{recorded[1]}",
    }
    assert success.document["state"] == "success"


@pytest.mark.usefixtures("recorded")
def test_a_status_that_cannot_be_posted_changes_no_verdict(farm: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.gating.commit_status.FIRST_PAUSE_S", 0.0)
    monkeypatch.setenv("FARM_STATUS_URL", "http://127.0.0.1:1/repos/ada/nets")
    said = farm("gate", "--base", "HEAD~1", "--fail-on", "never")
    assert (said.code, "FARM_STATUS_TOKEN is not set" in said.err) == (ExitCode.USAGE, True)
    monkeypatch.setenv("FARM_STATUS_TOKEN", "secret")
    said = farm("gate", "--base", "HEAD~1")
    assert said.code == ExitCode.BAD_RESULT
    assert "could not be posted (connection refused)" in said.err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WaitTimeoutError("3 jobs to go"), "not done in the time that was allowed"),
        (InfrastructureError("the database at postgresql://db.internal/farm cannot be used"), "see the log of the job"),
        (KeyboardInterrupt(), "see the log of the job"),
    ],
)
def test_a_command_that_breaks_off_says_so_and_no_more(
    error: BaseException, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_STATUS_TOKEN", "secret")
    with Recorder() as server:
        asked = Asked("regression", None, None, None, f"{server.url}/repos/ada/nets")

        def broken_off() -> None:
            with posted_status(asked) as status:
                status.begin("a" * 40)
                raise error

        with pytest.raises(type(error)):
            broken_off()
        with posted_status(asked) as status:
            status.begin(f"{'a' * 40}+dirty.1")  # has no status
    pending, ended = server.taken
    assert (pending.document["state"], ended.document["state"]) == ("pending", "error")
    assert told in ended.document["description"]
    assert "internal" not in str(ended.document)


@pytest.mark.usefixtures("tiny")
def test_a_submission_is_judged_by_what_it_says_of_its_base(farm: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is entered: half an hour later would be late."""
    wants = ("submit", "--all", "--fail-on", "regression")
    assert "say --changed-since REV, or --base REV" in farm(*wants).err
    assert "its own base" in farm(*wants, "--base", "HEAD").err
    monkeypatch.setenv("FARM_CHAT_URL", "gopher://x")
    said = farm("submit", "--all")
    assert (said.code, said.err) == (ExitCode.USAGE, "farm: FARM_CHAT_URL is no http or https URL\n")
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")
    for waits_for_nothing in ((*wants, "--base", "HEAD"), ("submit", "--all", "--timeout", "9")):
        said = farm(*waits_for_nothing)
        assert (said.code, "say --wait too" in said.err) == (ExitCode.USAGE, True)
