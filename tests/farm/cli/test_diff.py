"""``farm diff`` between two commits of which the later breaks one network, fixes one, slows one down, brings and drops one."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from farm.answers.schemas import DIFF_SCHEMA
from farm.database.engine import Database
from farm.errors import ExitCode
from farm.inventory import load_inventory
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge, submit
from workers.outcome import Cause, Outcome

Command = Callable[..., Said]
COUNTS = {"broken": 4, "fixed": 2, "slower": 2, "new": 2, "gone": 2}


@pytest.fixture
def recorded(tiny: Scratch, migrated_sqlite: Path) -> tuple[str, str]:
    """The ids of both commits."""
    (tiny.root / ".farm").mkdir()
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    first, second = tiny.git("rev-parse", "HEAD"), tiny.commit({}, "Second")
    clock = itertools.count()

    def submitted(commit: str, names: list[str], version: str) -> None:
        date = START if commit == first else START + timedelta(days=1)
        submitted_at = START + timedelta(hours=next(clock))
        submit(database, inventory, names, commit, version=version, date=date, submitted=submitted_at)

    submitted(first, ["breaks", "slows", "stays", "untried", "leaves"], "1")
    judge(database, inventory)
    submitted(first, ["mends"], "1")
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    submitted(second, ["stays"], "1")
    submitted(second, ["comes", "mends"], "2")
    judge(database, inventory)
    submitted(second, ["slows"], "2")
    judge(database, inventory, latency_ms=7.5)
    submitted(second, ["breaks"], "2")
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK)
    submitted(second, ["untried"], "2")
    database.close()
    return first, second


def test_the_document(recorded: tuple[str, str], farm: Command) -> None:
    said = farm("diff", *recorded, "--json", "--device", "numpy")
    assert said.code == ExitCode.BAD_RESULT
    document = json.loads(said.out)
    assert list(document) == ["schema", "before", "after", "slower_by", "devices", "counts", "differences"]
    assert (document["schema"], document["before"], document["after"]) == (DIFF_SCHEMA, *recorded)
    assert (document["slower_by"], document["devices"]) == (1.5, ["numpy"])
    assert document["counts"] == {effect: count // 2 for effect, count in COUNTS.items()}
    found = {d["architecture"]: d for d in document["differences"]}
    assert {n: (d["change"], d["lost"], d["slowdown"]) for n, d in found.items()} == {
        "breaks": ("broken", False, None),
        "untried": ("broken", True, None),
        "mends": ("fixed", False, None),
        "slows": ("slower", False, 2.5),
        "comes": ("new", False, None),
        "leaves": ("gone", False, None),
    }
    assert [cell["verdict"] for cell in (found["breaks"]["before"], found["breaks"]["after"])] == [
        "SUPPORTED",
        "FAILED",
    ]
    assert (found["comes"]["before"], found["leaves"]["after"]) == (None, None)
    assert (found["untried"]["after"]["provenance"], found["untried"]["after"]["state"]) == ("stale", "queued")


def test_the_words(recorded: tuple[str, str], farm: Command) -> None:
    said = farm("diff", "HEAD~1", "--slower-by", "2")
    assert said.code == ExitCode.BAD_RESULT
    head, columns, *rows = [" ".join(line.split()) for line in said.out.splitlines()]
    counted = "4 broken, 2 fixed, 2 slower (by 2 or more), 2 new, 2 gone"
    assert head == f"{recorded[0]} → {recorded[1]}: {counted}"
    assert columns == "change kind architecture device before after"
    assert rows[0] == "broken network breaks numpy ✓ SUPPORTED ✗ FAILED (MISMATCH)"
    assert "broken, no result network untried exact ✓ SUPPORTED ✓ SUPPORTED [stale] [queued]" in rows
    assert "slower, 2.5 times network slows numpy ✓ SUPPORTED ✓ SUPPORTED" in rows
    assert len(rows) == sum(COUNTS.values())


@pytest.mark.usefixtures("recorded")
def test_the_markdown_is_a_table_below_its_head(farm: Command) -> None:
    head, empty, columns, rule, *rows = farm("diff", "HEAD~1", "HEAD", "--format", "md").out.splitlines()
    assert (" 4 broken, " in head, empty) == (True, "")
    assert columns.startswith("| change | kind | architecture |")
    assert rule.count("|") == columns.count("|")
    assert rows[0] == "| broken | network | breaks | numpy | ✓ SUPPORTED | ✗ FAILED (MISMATCH) |"


@pytest.mark.usefixtures("recorded")
def test_nothing_broke_is_good(farm: Command) -> None:
    same = farm("diff", "HEAD", "HEAD")
    assert (same.code, len(same.out.splitlines())) == (ExitCode.GOOD, 1)
    assert farm("diff", "HEAD", "HEAD", "--format", "md").out == same.out
    assert farm("diff", "HEAD~1", "--kind", "block", "--json").document["differences"] == []
    assert farm("diff", "HEAD~1", "--kind", "network").code == ExitCode.BAD_RESULT


@pytest.mark.usefixtures("recorded")
def test_what_is_not_there_is_not_found(farm: Command) -> None:
    for arguments, told in ((("HEAD~1", "nowhere"), "nowhere"), (("HEAD", "--device", "nunpy"), "did you mean numpy?")):
        said = farm("diff", *arguments)
        assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
        assert told in said.err


@pytest.mark.usefixtures("tiny")
def test_a_wrong_request_is_usage(farm: Command) -> None:
    for arguments, told in (
        (("--kind", "netwrk"), "did you mean network"),
        (("--slower-by", "1"), "1.0<x<=1000000"),
        (("--slower-by", "inf", "--json"), "1.0<x<=1000000"),
        (("--slower-by", "nan", "--json"), "nan is no factor"),
    ):
        said = farm("diff", "HEAD", *arguments)
        assert (said.code, said.out) == (ExitCode.USAGE, "")
        assert told in said.err


@pytest.mark.usefixtures("tiny")
def test_where_nothing_was_submitted_it_says_so(farm: Command) -> None:
    said = farm("diff", "HEAD")
    assert said.code == ExitCode.NOT_FOUND
    assert "farm submit" in said.err
