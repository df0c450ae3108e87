"""What a submission came to: lines, document, exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from farm.database.engine import Database
from farm.errors import ExitCode
from farm.inventory import Inventory
from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.submission.summary import Summary, Tally, summarise
from farm.table.table import Change, Row
from farm.verdicts.inheritance import Reprove
from tests.farm.conftest import Scratch
from tests.farm.rows import START, judge, submit
from tests.farm.tinyfarm import SMALL, TinyFarm, tiny_farm
from tests.farm.values import replace
from workers.outcome import Outcome


def summary(*cells: Cell) -> Summary:
    """Of one network for each cell."""
    change = Change("c1", datetime(2026, 1, 1, tzinfo=UTC))
    return Summary(
        "c1",
        tuple(
            Row(f"net{n}", "network", {}, (), change, True, "new architecture", {cell.device: cell})
            for n, cell in enumerate(cells)
        ),
    )


def cell(
    verdict: Verdict,
    outcome: Outcome | None = None,
    provenance: Provenance = Provenance.OBSERVED,
    device: str = "numpy",
    state: str = "",
) -> Cell:
    return Cell(device, verdict, provenance, outcome, "device stack" if outcome else None, state=state)


PASS = cell(Verdict.SUPPORTED, Outcome.PASS)
FAILED = cell(Verdict.FAILED, Outcome.MISMATCH)
INFRA = cell(Verdict.NO_VERDICT, Outcome.INFRA_ERROR)
OPEN = cell(Verdict.MISSING, None, Provenance.NEVER, state="queued")
LOST = cell(Verdict.MISSING, None, Provenance.NEVER, state="quarantined")


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([], ExitCode.GOOD),
        ([PASS], ExitCode.GOOD),
        ([cell(Verdict.SUPPORTED, Outcome.PASS, Provenance.INHERITED)], ExitCode.GOOD),
        ([cell(Verdict.UNSUPPORTED, Outcome.UNSUPPORTED_OP)], ExitCode.GOOD),
        ([cell(Verdict.NO_VERDICT, Outcome.SKIPPED)], ExitCode.GOOD),
        ([PASS, FAILED], ExitCode.BAD_RESULT),
        ([cell(Verdict.FAILED, Outcome.MISMATCH, Provenance.INHERITED)], ExitCode.BAD_RESULT),
        ([cell(Verdict.FLAKY, Outcome.CRASH)], ExitCode.BAD_RESULT),
        ([cell(Verdict.PARTIAL, Outcome.MISMATCH)], ExitCode.BAD_RESULT),
        ([FAILED, INFRA], ExitCode.BAD_RESULT),
        ([PASS, INFRA], ExitCode.INFRASTRUCTURE),
        ([cell(Verdict.NO_VERDICT, Outcome.PRECLUDED)], ExitCode.INFRASTRUCTURE),
        ([cell(Verdict.NO_VERDICT, Outcome.HARNESS_ERROR)], ExitCode.INFRASTRUCTURE),
        ([cell(Verdict.NO_VERDICT, Outcome.VACUOUS)], ExitCode.INFRASTRUCTURE),
        ([PASS, LOST], ExitCode.INFRASTRUCTURE),
        # What stands there is of another bundle: nothing is known of this one.
        ([cell(Verdict.SUPPORTED, Outcome.PASS, Provenance.STALE)], ExitCode.INFRASTRUCTURE),
        ([cell(Verdict.FAILED, Outcome.MISMATCH, Provenance.STALE)], ExitCode.INFRASTRUCTURE),
    ],
)
def test_the_exit_code_of_a_finished_submission(cells: list[Cell], code: ExitCode) -> None:
    assert summary(*cells).exit_code(finished=True, problems=False) is code


@pytest.mark.parametrize("cells", [[OPEN], [INFRA], [cell(Verdict.FAILED, Outcome.MISMATCH, Provenance.STALE)]])
def test_of_one_that_others_are_at_nothing_bad_is_said_yet(cells: list[Cell]) -> None:
    assert summary(*cells).exit_code(finished=False, problems=False) is ExitCode.GOOD


@pytest.mark.parametrize("finished", [True, False])
def test_a_name_that_cannot_be_read_is_a_bad_result(finished: bool) -> None:
    assert summary(PASS).exit_code(finished=finished, problems=True) is ExitCode.BAD_RESULT
    assert summary(INFRA).exit_code(finished=finished, problems=True) is ExitCode.BAD_RESULT


def test_cells_are_counted_by_device_and_verdict() -> None:
    stale = cell(Verdict.SUPPORTED, Outcome.PASS, Provenance.STALE)
    torch = cell(Verdict.SUPPORTED, Outcome.PASS, device="torch")
    made = summary(PASS, PASS, FAILED, stale, torch)
    assert made.counts() == {"numpy": {"SUPPORTED": 2, "FAILED": 1, "MISSING": 1}, "torch": {"SUPPORTED": 1}}
    assert made.lines()[:2] == ["numpy: 1 FAILED, 1 MISSING, 2 SUPPORTED", "torch: 1 SUPPORTED"]


def test_what_is_bad_or_unknown_has_a_line_with_its_reason() -> None:
    lines = summary(PASS, FAILED, INFRA, LOST, OPEN).lines()[1:]
    assert lines == [
        "  network net1 on numpy: FAILED (MISMATCH, device stack)",
        "  network net2 on numpy: NO_VERDICT (INFRA_ERROR, device stack)",
        "  network net3 on numpy: given up, every attempt was lost; see `farm jobs`",
    ]


def test_cells_of_a_stack_that_is_gone_have_one_line() -> None:
    gone = replace(cell(Verdict.SUPPORTED, Outcome.PASS, Provenance.STALE), changed=("numpy 1 → 2",))
    queued = replace(gone, state="queued")
    assert summary(PASS, gone, gone, queued).lines()[1:] == [
        "  2 cells of a stack that is gone (numpy 1 → 2): submit again to run them"
    ]


def test_the_document() -> None:
    document = json.loads(json.dumps(summary(PASS, FAILED).document()))
    assert document == {
        "commit": "c1",
        "counts": {"numpy": {"SUPPORTED": 1, "FAILED": 1}},
        "bad": [{"architecture": "net1", "kind": "network", "device": "numpy", "verdict": "FAILED"}],
    }


def test_only_what_was_selected_is_summarised(database: Database, inventory: Inventory) -> None:
    submit(database, inventory, ["bad"], "c0")
    judge(database, inventory, Outcome.MISMATCH)
    submit(database, inventory, ["bad"], "c1", selected=False)
    submit(database, inventory, ["good"], "c1", kind="block")
    judge(database, inventory)
    with database.read() as session:
        made = summarise(session, inventory, "c1")
    assert [row.name for row in made.rows] == ["good"]
    assert made.exit_code(finished=True, problems=False) is ExitCode.GOOD
    with database.read() as session:
        assert summarise(session, inventory, "c0").exit_code(finished=True, problems=False) is ExitCode.BAD_RESULT


def tally(farm: TinyFarm, **asked: Any) -> Tally:
    """Of a submission of everything that is carried through."""
    submitted = farm.submit(**asked)
    farm.convert()
    farm.judge(Outcome.MISMATCH if asked.get("reprove") else Outcome.PASS)
    with farm.database.read() as session:
        return summarise(session, farm.inventory, submitted.commit).tally(session, submitted)


def test_what_a_submission_cost_and_what_it_was_spared(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    assert tally(farm) == Tally(converted=3, known=0, inherited=0, failures=0, until=None, jobs=6)
    farm.edit(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
    scratch.commit({}, "Stride")
    assert tally(farm) == Tally(converted=1, known=2, inherited=4, failures=0, until=None, jobs=2)
    assert tally(farm, reprove=Reprove.ALL) == Tally(converted=0, known=3, inherited=0, failures=0, until=None, jobs=6)
    due = START + timedelta(days=14)
    found = tally(farm)
    assert found == Tally(converted=0, known=3, inherited=6, failures=6, until=due, jobs=0)
    assert found.document()["until"] == due.isoformat()


def test_jobs_that_tell_nothing_are_counted_though_what_was_known_stands(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    assert tally(farm).fruitless == 0
    submitted = farm.submit(reprove=Reprove.ALL)
    farm.judge(Outcome.INFRA_ERROR)
    with database.read() as session:
        summary = summarise(session, farm.inventory, submitted.commit)
        found = summary.tally(session, submitted)
    assert (found.jobs, found.fruitless, found.inherited) == (6, 6, 6)
    assert not summary.bad
    assert summary.exit_code(finished=True, problems=False, fruitless=found.fruitless) is ExitCode.INFRASTRUCTURE


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            Tally(0, 1, 2, 0, None, 3, 1),
            "0 converted anew, 1 bundle known; 2 verdicts inherited; 3 jobs run, 1 of them without telling anything: "
            "see `farm logs`",
        ),
        (Tally(2, 0, 0, 0, None, 4), "2 converted anew, 0 bundles known; 0 verdicts inherited; 4 jobs run"),
        (
            Tally(0, 1, 1, 1, START, 1),
            "0 converted anew, 1 bundle known; 1 verdict inherited "
            "(1 of them a failure, until 2026-01-01: --reprove runs it again); 1 job run",
        ),
        (
            Tally(0, 4, 8, 3, START, 0),
            "0 converted anew, 4 bundles known; 8 verdicts inherited "
            "(3 of them failures, until 2026-01-01: --reprove runs them again); 0 jobs run",
        ),
    ],
)
def test_the_tally_in_a_line(found: Tally, line: str) -> None:
    assert found.line() == line
