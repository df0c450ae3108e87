"""What git does to history costs no attempt, and the table says the same; what changes the code, the stack or the policy does.

The repository, the planner and the coordinator are real; a bundle is told by its closure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from farm.database.engine import Database
from farm.inventory import Inventory
from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.verdicts.inheritance import Reprove
from tests.farm.conftest import Scratch
from tests.farm.rows import START
from tests.farm.tinyfarm import BLOCK, SMALL, TinyFarm, tiny_farm
from tests.farm.values import replace
from workers.outcome import Group, Outcome

DAY = timedelta(days=1)
STRIDE = ("Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
#: Where the database is not the question, and there are many cases.
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
KERNEL = ("channels, 3, padding=1", "channels, 5, padding=2")


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    """With a commit on main that widened the kernel of the block, and one on a branch that strides; all of them judged."""
    made = tiny_farm(scratch, database)
    run(made)
    scratch.git("checkout", "--quiet", "-b", "stride")
    made.edit(SMALL, *STRIDE)
    scratch.commit({}, "Stride")
    run(made)
    scratch.git("checkout", "--quiet", "main")
    made.edit(BLOCK, *KERNEL)
    scratch.commit({}, "Kernel")
    run(made)
    return made


def run(farm: TinyFarm, outcome: Outcome = Outcome.PASS, **asked: Reprove) -> int:
    """Submit all of HEAD and carry it through; how many attempts it took."""
    farm.submit(**asked)
    farm.convert()
    return farm.judge(outcome)


def facts(farm: TinyFarm) -> dict[tuple[str, str], Cell]:
    """The cells, but for how they are known."""
    return {key: replace(cell, provenance=Provenance.OBSERVED) for key, cell in farm.cells().items()}


def revert(git: Callable[..., str]) -> None:
    git("revert", "--no-edit", "HEAD")


def revert_twice(git: Callable[..., str]) -> None:
    revert(git)
    revert(git)


def merge(git: Callable[..., str]) -> None:
    git("merge", "--quiet", "--no-ff", "--no-edit", "stride")


def cherry_pick(git: Callable[..., str]) -> None:
    git("cherry-pick", "stride")


def rebase(git: Callable[..., str]) -> None:
    git("checkout", "--quiet", "stride")
    git("rebase", "--quiet", "main")


def switch(git: Callable[..., str]) -> None:
    git("checkout", "--quiet", "stride")


def squash(git: Callable[..., str]) -> None:
    git("merge", "--quiet", "--squash", "stride")
    git("commit", "--quiet", "-m", "Squashed")


@pytest.mark.parametrize(
    ("operation", "like"),
    [
        (revert, {"tiny": "main~1", "Block": "main~1", "wide": "main~1"}),
        (revert_twice, {"tiny": "main", "Block": "main", "wide": "main"}),
        (merge, {"tiny": "main", "Block": "main", "wide": "stride"}),
        (cherry_pick, {"tiny": "main", "Block": "main", "wide": "stride"}),
        (rebase, {"tiny": "main", "Block": "main", "wide": "stride"}),
        (switch, {"tiny": "stride", "Block": "stride", "wide": "stride"}),
        (squash, {"tiny": "main", "Block": "main", "wide": "stride"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
@ONE_DATABASE
def test_no_history_costs_an_attempt(farm: TinyFarm, operation: Callable[..., None], like: dict[str, str]) -> None:
    git = farm.scratch.git
    shas = {name: git("rev-parse", revision) for name, revision in like.items()}
    tables = {}
    for sha in set(shas.values()):
        git("checkout", "--quiet", sha)
        tables[sha] = facts(farm)
    git("checkout", "--quiet", "main")
    operation(git)
    assert run(farm) == 0
    found = facts(farm)
    assert len(found) == 6
    for (name, device), cell in found.items():
        assert cell == tables[shas[name]][name, device]
        assert cell.verdict is Verdict.SUPPORTED


def test_an_inherited_cell_names_the_attempt_that_observed_it(farm: TinyFarm) -> None:
    before = farm.scratch.git("rev-parse", "HEAD~1")
    farm.scratch.git("revert", "--no-edit", "HEAD")
    run(farm)
    cell = farm.cells()["tiny", "numpy"]
    assert cell.provenance is Provenance.INHERITED
    assert (cell.commit, cell.date, cell.unit, cell.stack) == (before, START, "unit-1", {"runtime": "test 1"})
    farm.scratch.git("checkout", "--quiet", "HEAD~2")
    assert farm.cells()["tiny", "numpy"] == replace(cell, provenance=Provenance.OBSERVED)


def test_an_edit_costs_the_attempts_of_what_it_changes(farm: TinyFarm) -> None:
    farm.edit(SMALL, *STRIDE)
    farm.scratch.commit({}, "Both")
    assert run(farm) == 0  # main's kernel with the branch's stride: each was judged
    farm.edit(SMALL, "num_classes: int = 10", "num_classes: int = 12")
    farm.scratch.commit({}, "Twelve classes")
    assert run(farm) == 2
    assert farm.cells()["tiny", "numpy"].provenance is Provenance.OBSERVED


@ONE_DATABASE
@pytest.mark.parametrize("outcome", [o for o in Outcome if o.group is not Group.SKIPPED], ids=str)
def test_what_is_inherited_of_every_outcome(scratch: Scratch, database: Database, outcome: Outcome) -> None:
    farm = tiny_farm(scratch, database)
    run(farm, outcome)
    scratch.commit({"README.md": "words"}, "Words")
    submitted = farm.submit(now=START + 13 * DAY)
    need = {
        Group.PRODUCT: {"inherited failure": 6},
        Group.GOOD: {"inherited": 6},
        Group.SUPPORT: {"inherited": 6},
    }.get(outcome.group, {"queued": 6})
    assert submitted.jobs == need
    assert submitted.inherited == (0 if "queued" in need else 6)


def test_a_failure_is_due_again_after_its_time(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm, Outcome.MISMATCH)
    assert farm.cells()["tiny", "numpy"].expires == START + 14 * DAY
    assert farm.submit(now=START + 14 * DAY).jobs == {"queued": 6}
    assert farm.judge(Outcome.MISMATCH, now=START + 15 * DAY) == 12
    assert farm.submit(now=START + 28 * DAY).jobs == {"inherited failure": 6}
    assert farm.cells()["tiny", "numpy"].expires == START + 29 * DAY


def test_a_vain_proof_does_not_make_a_failure_younger(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm, Outcome.MISMATCH)
    farm.submit(now=START + 20 * DAY)
    farm.judge(Outcome.INFRA_ERROR, now=START + 20 * DAY)
    assert farm.cells()["tiny", "numpy"].expires == START + 14 * DAY
    assert farm.submit(now=START + 21 * DAY).jobs == {"queued": 6}


def test_the_inventory_says_how_long_a_failure_counts(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm, Outcome.CRASH)
    said = farm.inventory.model_dump(mode="json")
    farm.inventory = Inventory.model_validate({**said, "inheritance": {"failures_days": 0}})
    assert farm.submit().jobs == {"queued": 6}


def test_reproving_runs_failures_or_everything(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm)
    assert run(farm, reprove=Reprove.FAILURES) == 0
    assert run(farm, reprove=Reprove.ALL) == 6
    assert run(farm, Outcome.MISMATCH, reprove=Reprove.ALL) == 12
    assert farm.cells()["tiny", "numpy"].verdict is Verdict.FLAKY
    assert run(farm) == 0
    assert run(farm, Outcome.MISMATCH, reprove=Reprove.FAILURES) == 12


def test_reproving_goes_along_with_a_conversion_that_is_under_way(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm, Outcome.MISMATCH)
    farm.submit(reconvert=True)
    farm.submit(reconvert=True, reprove=Reprove.FAILURES)
    farm.convert()
    assert farm.judge(Outcome.MISMATCH) == 12


def test_another_stack_makes_cells_stale_and_a_submission_runs_them_and_the_old_one_brings_them_back(
    farm: TinyFarm,
) -> None:
    farm.submit(reprove=Reprove.ALL)
    assert farm.judge(stack="test 2") == 6  # a new driver, seen by its first reports
    old = farm.scratch.git("rev-parse", "HEAD~1")
    farm.scratch.git("checkout", "--quiet", old)
    cells = farm.cells()
    assert {cell.provenance for cell in cells.values()} == {Provenance.STALE, Provenance.INHERITED}  # wide is the same
    tiny = cells["tiny", "numpy"]
    assert (tiny.verdict, tiny.provenance, tiny.commit) == (Verdict.SUPPORTED, Provenance.STALE, old)
    assert tiny.changed == ("runtime test 1 → test 2",)
    assert farm.submit().jobs == {"inherited": 2, "queued": 4}
    assert farm.judge(stack="test 2") == 4
    assert {cell.provenance for cell in farm.cells().values()} == {Provenance.OBSERVED, Provenance.INHERITED}
    farm.scratch.git("checkout", "--quiet", "stride")
    assert farm.submit().jobs == {"inherited": 4, "queued": 2}
    assert farm.judge(stack="test 1") == 2  # the driver was rolled back
    assert {cell.provenance for cell in farm.cells().values()} == {Provenance.OBSERVED, Provenance.INHERITED}
    assert {cell.stack["runtime"] for cell in farm.cells().values()} == {"test 1"}
    assert farm.submit().jobs == {"inherited": 6}


def test_a_pass_and_a_failure_on_two_stacks_are_not_flaky(scratch: Scratch, database: Database) -> None:
    farm = tiny_farm(scratch, database)
    run(farm, Outcome.MISMATCH)
    farm.submit(reprove=Reprove.ALL)
    assert farm.judge(stack="test 2") == 6
    assert {cell.verdict for cell in farm.cells().values()} == {Verdict.SUPPORTED}
    farm.submit(reprove=Reprove.ALL)
    farm.judge(Outcome.MISMATCH, stack="test 2")
    assert {cell.verdict for cell in farm.cells().values()} == {Verdict.FLAKY}


def test_another_policy_runs_anew_and_the_old_one_brings_its_verdicts_back(farm: TinyFarm) -> None:
    said = farm.inventory.model_dump(mode="json")
    said["policies"]["fp32"] |= {"version": 2, "rtol": 1e-5}
    before, stricter = farm.inventory, Inventory.model_validate(said)
    farm.inventory = stricter
    assert run(farm, Outcome.MISMATCH) == 12
    assert {cell.verdict for cell in farm.cells().values()} == {Verdict.FAILED}
    farm.inventory = before
    assert run(farm) == 0
    assert {cell.verdict for cell in farm.cells().values()} == {Verdict.SUPPORTED}
