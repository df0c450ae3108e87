"""``farm history`` of a network that a second commit broke, and a third left alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from farm.answers.schemas import HISTORY_SCHEMA
from farm.database.engine import Database
from farm.errors import ExitCode
from farm.inventory import load_inventory
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge, submit
from workers.outcome import Cause, Outcome

Command = Callable[..., Said]


@pytest.fixture
def recorded(tiny: Scratch, migrated_sqlite: Path) -> tuple[str, str]:
    """The ids of two commits, the newer one first."""
    (tiny.root / ".farm").mkdir()
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    first, second = tiny.git("rev-parse", "HEAD"), tiny.commit({}, "Second")
    submit(database, inventory, ["net"], first, version="1")
    judge(database, inventory)
    submit(database, inventory, ["net"], second, version="2", date=START + timedelta(days=1))
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    database.close()
    return second, first


def test_the_document(recorded: tuple[str, str], farm: Command) -> None:
    document = farm("history", "net", "--device", "exact", "--json").document
    assert list(document) == ["schema", "architecture", "kind", "devices", "older", "commits"]
    assert (document["schema"], document["architecture"], document["kind"]) == (HISTORY_SCHEMA, "net", "network")
    assert (document["devices"], document["older"]) == (["exact"], 0)
    assert [list(entry) for entry in document["commits"]] == [["commit", "date", "subject", "changed", "cells"]] * 2
    assert [entry["commit"] for entry in document["commits"]] == list(recorded)
    assert [entry["cells"]["exact"]["verdict"] for entry in document["commits"]] == ["FAILED", "SUPPORTED"]
    assert [entry["changed"] for entry in document["commits"]] == [True, True]
    assert [list(entry["cells"]) for entry in document["commits"]] == [["exact"]] * 2


def test_the_words(recorded: tuple[str, str], farm: Command) -> None:
    said = farm("history", "net")
    assert said.code == ExitCode.GOOD
    assert [" ".join(line.split()) for line in said.out.splitlines()] == [
        "net (network)",
        "commit date numpy exact subject",
        f"{recorded[0][:10]} 2026-01-02 * ✗ FAILED (MISMATCH) ✗ FAILED (MISMATCH) s",
        f"{recorded[1][:10]} 2026-01-01 * ✓ SUPPORTED ✓ SUPPORTED s",
    ]
    assert farm("history", "net", "--limit", "1").out.splitlines()[-1] == "and 1 older: --limit 2 shows all"


@pytest.mark.usefixtures("recorded")
def test_what_is_not_there_is_not_found(farm: Command) -> None:
    for arguments, told in ((("nett",), "did you mean net?"), (("net", "--device", "exat"), "did you mean exact?")):
        said = farm("history", *arguments)
        assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
        assert told in said.err


def test_before_the_first_submission_there_is_none(tiny: Scratch, farm: Command) -> None:
    said = farm("history", "tiny")
    assert (said.code, said.err) == (
        ExitCode.NOT_FOUND,
        "farm: nothing is recorded yet; run `farm submit --all` first\n",
    )
