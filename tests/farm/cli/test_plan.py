"""``farm plan``: the order, the reasons and the cost, in words and as a document; without a database, and without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.cli.plan import cost_lines, reason_lines, rest_line
from farm.database.engine import open_database
from farm.database.models import Attempt, Conversion
from farm.errors import ExitCode
from farm.git import Repository
from farm.planning.cost import CONVERSION, Cost, Total
from tests.acceptance.tiny import FILES, INVENTORY
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.planning.test_cost import plan
from tests.farm.rows import START
from tests.farm.tinyfarm import BLOCK, TinyFarm

Command = Callable[..., Said]
KERNEL = {BLOCK: FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")}
CHANGED = "changed: Block.__init__ (models/basicblocks/block.py)"


def test_the_selected_are_listed_in_their_order_with_reasons(tiny: Scratch, farm: Command) -> None:
    tiny.commit(KERNEL, "Kernel")
    said = farm("plan", "--changed-since", "HEAD~1")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0].startswith("2 of 3 architectures are selected at ")
    assert lines[1] == "kind architecture reason"
    assert lines[2:4] == [f"1 network tiny {CHANGED} via tiny", f"2 block Block {CHANGED}"]
    assert lines[4].startswith("1 left out: unchanged since ")
    assert lines[5] == "no estimate of the cost: no conversion and no attempt is recorded yet"
    assert said.err == ""


def test_what_is_left_out_is_one_line_unless_it_is_asked_for(tiny: Scratch, farm: Command) -> None:
    since = tiny.git("rev-parse", "--short=10", "HEAD")
    nothing = farm("plan", "--changed-since", "HEAD").out.splitlines()
    assert nothing[1:] == [f"3 left out: unchanged since {since}; --list-all has each with its reason"]
    listed = farm("plan", "--changed-since", "HEAD", "--list-all").out.splitlines()[1:]
    assert {" ".join(line.split()) for line in listed} == {
        "kind architecture reason",
        f"network wide unchanged since {since}",
        f"network tiny unchanged since {since}",
        f"block Block unchanged since {since}",
    }


def test_reasons_of_what_is_left_out_are_counted() -> None:
    assert rest_line(["unchanged", "excluded: too large", "unchanged"]) == (
        "3 left out: 2 for 'unchanged', 1 for other reasons; --list-all has each with its reason"
    )


def test_the_document_keeps_its_contract(tiny: Scratch, farm: Command) -> None:
    tiny.commit(KERNEL, "Kernel")
    document = farm("plan", "--changed-since", "HEAD~1", "--json").document
    assert next(iter(document.items())) == ("schema", "farm-plan/1")
    assert document["cost"] is None
    by_name = {a["name"]: a for a in document["architectures"]}
    assert [by_name[n]["priority"] for n in ("wide", "tiny", "Block")] == [0, 1, 2]
    assert {"name", "kind", "selected", "reason", "chain", "priority", "cost"} <= by_name["tiny"].keys()
    assert by_name["tiny"]["chain"][-1] == {"definition": "models.basicblocks.block.Block", "file": BLOCK, "line": 10}
    assert by_name["tiny"]["cost"] is None


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    "command", ["plan --all", "why tiny", "submit --all", "submit --changed-since HEAD --markdown gate.md"]
)
def test_a_commit_of_no_name_such_as_an_unset_variable_is_not_the_one_that_is_there(
    farm: Command, command: str
) -> None:
    said = farm(*command.split(), "--commit", "")
    assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
    assert "no such commit, branch or tag" in said.err


def test_a_file_name_of_several_lines_is_said_in_one(tiny: Scratch, farm: Command) -> None:
    tiny.write({"two\nlines.txt": "text"})
    assert farm("plan", "--all").err.startswith("farm: with 1 uncommitted file: two lines.txt; the state is")


def test_exclusions_that_are_not_there_end_whatever_reads_the_code(tiny: Scratch, farm: Command) -> None:
    tiny.write({"inventory.yaml": INVENTORY.replace("  task_list", "  exclusions: skipped.yaml\n  task_list")})
    for command in (["plan", "--all"], ["submit", "--all"], ["why", "wide"]):
        said = farm(*command)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("farm: inventory.yaml:6: catalogue.exclusions: there is no file skipped.yaml in ")
    assert "skipped.yaml" in farm("doctor").out


def test_a_plan_makes_no_database(tiny: Scratch, farm: Command, tmp_path: Path) -> None:
    assert farm("plan", "--all").code == 0
    assert not (tmp_path / "data").exists()
    (tiny.root / ".farm").mkdir()
    assert farm("plan", "--all").code == 0
    assert list((tiny.root / ".farm").iterdir()) == []


def test_a_database_that_cannot_be_asked_costs_the_cost_alone(
    tiny: Scratch, farm: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://farm:secret@127.0.0.1:1/farm")
    said = farm("plan", "--all")
    assert (said.code, "3 of 3 architectures" in said.out) == (0, True)
    assert "the plan is without its cost" in said.err
    assert "secret" not in said.err


def test_the_cost_of_what_ran_before(tiny: Scratch, farm: Command) -> None:
    (tiny.root / ".farm").mkdir()
    (tiny.root / ".git" / "info" / "exclude").write_text(".farm/\n")
    database = open_database(f"sqlite:///{tiny.root / '.farm' / 'farm.sqlite'}")
    recorded = TinyFarm(tiny, database)
    assert recorded.repository.root == Repository.find(tiny.root).root
    recorded.submit()
    recorded.convert()
    recorded.judge()
    with database.write() as session:
        for row in session.scalars(select(Conversion)):
            row.seconds = 90.0 if row.architecture.name == "tiny" else 30.0
        for n, attempt in enumerate(session.scalars(select(Attempt))):
            attempt.dispatched = START + timedelta(minutes=n)
    database.close()
    tiny.commit(KERNEL, "Kernel")
    document = farm("plan", "--changed-since", "HEAD~1", "--json").document
    by_name = {a["name"]: a for a in document["architectures"]}
    assert by_name["tiny"]["cost"] == {
        "conversion": {"seconds": 90.0, "guessed": False},
        "numpy": {"seconds": 0.5, "guessed": False},
        "exact": {"seconds": 0.5, "guessed": False},
    }
    assert by_name["wide"]["cost"] is None
    assert document["cost"]["wall_s"] == 120.0
    assert document["cost"]["totals"]["exact"] == {"work": 2, "seconds": 1.0, "guessed_s": 0.0, "unknown": 0}
    lines = [" ".join(line.split()) for line in farm("plan", "--changed-since", "HEAD~1").out.splitlines()]
    assert lines[2] == f"1 network tiny 2 min {CHANGED} via tiny"
    assert lines[-4:] == [
        "conversion: 2 to do, 2 min",
        "numpy: 2 to do, 1.0 s",
        "exact: 2 to do, 1.0 s",
        "about 2 min in all, with one converter and every unit at work",
    ]


def test_guesses_and_what_is_unknown_are_said() -> None:
    totals = {CONVERSION: Total(4, 7200.0, guessed_s=1800.0, unknown=1), "numpy": Total()}
    assert cost_lines(plan("a"), Cost({}, totals, 7200.0)) == [
        "conversion: 4 to do, 2.0 h, 25% of it guessed from others of the kind, and 1 of which nothing is known",
        "numpy: nothing to do",
        "about 2.0 h in all, with one converter and every unit at work",
    ]
    assert cost_lines(plan("a", selected=False), None) == []


def test_a_submission_names_some_reasons_and_counts_the_others() -> None:
    assert reason_lines(plan("a", "b")) == ["network a: r", "network b: r"]
    lines = reason_lines(plan(*(f"n{i:02}" for i in range(25))))
    assert (len(lines), lines[-1]) == (21, "and 5 more: `farm plan` lists them")


@pytest.mark.parametrize("command", [["plan", "--all"], ["plan", "--all", "--json"], ["why", "tiny"]], ids=" ".join)
def test_selection_imports_neither_torch_nor_the_database(tiny: Scratch, command: list[str]) -> None:
    code = (
        "import sys\nfrom farm.cli import main\n"
        f"try:\n    main({command!r})\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "print('LOADED', sorted({'torch', 'numpy', 'sqlalchemy', 'celery', 'rich', 'models'} & set(sys.modules)))"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"
