"""Regressions of a real repository: what submissions inherit, what does not convert, and which definition it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from farm.conversion.converter import Converter
from farm.database.engine import Database
from farm.database.models import Conversion, Regression, Submission
from farm.planning.plan import SourceReader
from farm.regressions.definition import name_definitions
from farm.regressions.follow import follow_refusal, recompute
from farm.regressions.listing import list_regressions, show_regression
from farm.source.converter import CONVERTER
from tests.farm.conftest import Scratch
from tests.farm.rows import START
from tests.farm.tinyfarm import BLOCK, SMALL, TinyFarm, tiny_farm
from workers.outcome import Cause, Outcome

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
KERNEL = ("channels, 3, padding=1", "channels, 5, padding=2")


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    """The first commit passes."""
    made = tiny_farm(scratch, database)
    run(made)
    return made


def submit(farm: TinyFarm, **how: Any) -> None:
    """Submit HEAD, a minute after what was submitted before."""
    with farm.database.read() as session:
        earlier = session.scalar(select(func.count()).select_from(Submission)) or 0
    farm.submit(branch="main", now=START + earlier * timedelta(minutes=1), **how)


def run(farm: TinyFarm, outcome: Outcome = Outcome.PASS, **how: Any) -> None:
    submit(farm, **how)
    farm.convert(**how)
    farm.judge(outcome)


def rows(farm: TinyFarm) -> list[Regression]:
    with farm.database.read() as session:
        return list(session.scalars(select(Regression).order_by(Regression.id)))


def named(farm: TinyFarm) -> None:
    name_definitions(farm.database, SourceReader(farm.repository, farm.inventory), START)


def test_an_edit_that_breaks_two_architectures_and_its_revert(farm: TinyFarm) -> None:
    good = farm.scratch.git("rev-parse", "HEAD")
    farm.scratch.commit({"README.md": "words"}, "Words")
    farm.edit(BLOCK, *KERNEL)
    bad = farm.scratch.commit({}, "Kernel")
    run(farm, Outcome.MISMATCH)
    found = rows(farm)
    assert {(r.last_good, r.first_bad, r.cause) for r in found} == {(good, bad, Cause.MODEL_CODE)}
    assert len(found) == 4  # tiny and Block, on two devices
    named(farm)
    assert {r.definition for r in rows(farm)} == {"models.basicblocks.block.Block"}
    assert rows(farm)[0].place.startswith("Block.__init__ (models/basicblocks/block.py:")
    with farm.database.read() as session:
        listed = list_regressions(session, farm.inventory, START)
        shown = show_regression(session, farm.inventory, listed[0].id, START)
    assert {(one.sharing, one.commits, one.present, one.state) for one in listed} == {(4, 2, True, "open")}
    assert [subject for _, subject in shown.range] == ["", "Kernel"]  # the other was not submitted
    farm.scratch.git("revert", "--no-edit", "HEAD")
    submit(farm)
    assert {(r.closed is not None, r.fixed) for r in rows(farm)} == {(True, farm.scratch.git("rev-parse", "HEAD"))}


@ONE_DATABASE
def test_what_does_not_convert_fails_on_every_device_until_it_does(farm: TinyFarm) -> None:
    farm.edit(SMALL, "num_classes: int = 10", "num_classes: int = 12")
    bad = farm.scratch.commit({}, "Broken")
    submit(farm)
    refuse(farm, bad)
    found = rows(farm)
    assert {(r.first_bad, r.outcome, r.cause, r.bad_bundle) for r in found} == {
        (bad, "MODEL_FAILED", Cause.MODEL_CODE, None)
    }
    assert {r.signature_text for r in found} == {"MODEL_FAILED | model code | <path>:#: it broke"}
    count = len(found)
    farm.edit(SMALL, "num_classes: int = 12", "num_classes: int = 14")
    farm.scratch.commit({}, "Mended")
    run(farm)
    assert [r.fixed for r in rows(farm)] == [farm.scratch.git("rev-parse", "HEAD")] * count
    with farm.database.write() as session:
        assert recompute(session, START) == []


def refuse(farm: TinyFarm, commit: str) -> None:
    """End every conversion of a commit as a converter ends one that fails."""
    worker = Converter.__new__(Converter)
    worker._database, worker._inventory = farm.database, farm.inventory
    with farm.database.read() as session:
        queued = session.scalars(select(Conversion).where(Conversion.commit == commit, Conversion.state == "queued"))
        conversions = queued.all()
    assert conversions
    for n, conversion in enumerate(conversions):
        message = f"models/networks/small.py:{n}: it broke"
        worker._failed(conversion, Outcome.MODEL_FAILED, Cause.MODEL_CODE, message, 1.0)


@ONE_DATABASE
def test_what_the_farm_failed_at_is_no_regression(farm: TinyFarm) -> None:
    farm.edit(SMALL, "num_classes: int = 10", "num_classes: int = 12")
    farm.scratch.commit({}, "Twelve")
    submit(farm)
    farm.convert(Outcome.INFRA_ERROR)
    with farm.database.write() as session:
        for conversion in session.scalars(select(Conversion)):
            follow_refusal(session, conversion.architecture_id, START)
    assert rows(farm) == []


@ONE_DATABASE
def test_a_toolchain_that_makes_another_bundle_of_the_same_code(farm: TinyFarm) -> None:
    farm.scratch.commit({"README.md": "words"}, "Words")
    other = {"converter": "1", "torch": "2.14"}
    run(farm, Outcome.MISMATCH, toolchain=other)
    assert {(r.cause, r.reason.partition(";")[0]) for r in rows(farm)} == {
        (Cause.CONVERTER, "the bundle changed, and the code of the architecture did not")
    }
    named(farm)
    assert {r.definition for r in rows(farm)} == {""}


@ONE_DATABASE
def test_a_commit_that_the_repository_has_lost_is_left_to_others(farm: TinyFarm) -> None:
    farm.edit(BLOCK, *KERNEL)
    farm.scratch.commit({}, "Kernel")
    run(farm, Outcome.MISMATCH)
    farm.scratch.git("reset", "--quiet", "--hard", "HEAD~1")
    farm.scratch.git("reflog", "expire", "--expire=now", "--all")
    farm.scratch.git("gc", "--quiet", "--prune=now")
    named(farm)
    assert {r.definition for r in rows(farm)} == {None}


@ONE_DATABASE
def test_where_the_converter_alone_changed_it_is_the_converter(farm: TinyFarm) -> None:
    for limit, outcome in ((1, Outcome.PASS), (2, Outcome.MISMATCH)):
        made = f"LIMIT = {limit}\n\n\ndef toplatform():\n    return LIMIT\n"
        farm.scratch.commit({"mcore/__init__.py": "", "mcore/convert/__init__.py": "", "mcore/convert/bundle.py": made})
        run(farm, outcome)
    assert {r.cause for r in rows(farm)} == {Cause.MODEL_CODE}  # so far: its closure is another one
    named(farm)
    assert {(r.definition, r.cause) for r in rows(farm)} == {(CONVERTER, Cause.CONVERTER)}
