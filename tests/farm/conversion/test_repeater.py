"""The determinism guard on real model code: what differs is found and named, what does not is not, and nothing is delayed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.conversion import converter as converter_module
from farm.conversion import repeater as repeater_module
from farm.conversion.converter import Converter
from farm.conversion.repeater import NICENESS, Repeated
from farm.conversion.runner import Surroundings
from farm.conversion.wire import Begun, Event, Item, Result
from farm.database.engine import Database
from farm.database.models import Conversion, Repeat, Snapshot
from farm.database.models import Event as EventRow
from farm.inventory import Inventory
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import TOOLCHAIN, TinyFarm, tiny_farm
from tests.workers.bundles import branched
from workers.outcome import Cause, Outcome

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HEADER = """\
import random
import time

import torch

from mcore.layers import Conv2d
from mcore.module import Module
from mcore.sampling import Sampling

__all__ = ["ordered", "drawn", "timed", "steady"]
"""
NETWORK = """

class {name}(Module):
    sampling = Sampling.image(sizes=((12, 12), (8, 16), (9, 11)), minimum=8)

    def __init__(self):
        super().__init__()
        self.names = []
        {build}

    def forward(self, x):
        for name in self.names:
            x = getattr(self, name)(x)
        return {result}
"""
#: Each differs from process to process in a way of its own, but for the last.
BUILDS = {
    "ordered": "for name in {'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'}:\n"
    "            self.names.append(name)\n"
    "            setattr(self, name, Conv2d(3, 3, 1))",
    "drawn": "self.offset = random.random()",
    "timed": "self.register_buffer('made', torch.full((3, 1, 1), time.time_ns() % 1_000_003 / 1_000_003))",
    "steady": "self.last = Conv2d(3, 4, 3)\n        self.names = ['last']",
}
RESULTS = {"ordered": "x", "drawn": "x + self.offset", "timed": "x + self.made", "steady": "x"}


def networks() -> str:
    return HEADER + "".join(NETWORK.format(name=n, build=b, result=RESULTS[n]) for n, b in BUILDS.items())


def repeating(farm: TinyFarm, share: float = 1.0) -> TinyFarm:
    data = farm.inventory.model_dump(mode="json")
    farm.inventory = Inventory.model_validate({**data, "conversion": {"repeat_share": share}})
    return farm


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return repeating(tiny_farm(scratch, database))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two that differ in their samples."""
    folder = tmp_path_factory.mktemp("bundles")
    branched().write(folder / "one")
    branched(sizes=((1, 16, 16), (2, 12, 20), (1, 13, 19))).write(folder / "other")
    return folder / "one", folder / "other"


def make(farm: TinyFarm) -> Converter:
    return Converter(farm.database, farm.inventory, farm.repository, str(farm.scratch.root.parent / "store"))


def played(monkeypatch: pytest.MonkeyPatch, first: Path, again: Path | Result) -> list[Surroundings]:
    """Children that copy a bundle, or end as ``again`` says; the surroundings that repeats are given."""
    given: list[Surroundings] = []

    def convert(source: Path, items: Sequence[Item], *_: object) -> Iterator[Event]:
        for item in items:
            shutil.copytree(first, item.folder)
            yield Result(item.key, 0.1)

    def repeat(source: Path, items: Sequence[Item], limits: object, stop: object, how: Surroundings) -> Iterator[Event]:
        given.append(how)
        for item in items:
            if isinstance(again, Result):
                yield Result(item.key, 0.1, again.outcome, again.cause, again.message)
            else:
                shutil.copytree(again, item.folder)
                yield Result(item.key, 0.1)

    monkeypatch.setattr(converter_module, "convert_items", convert)
    monkeypatch.setattr(repeater_module, "convert_items", repeat)
    return given


def repeats(database: Database) -> dict[str, Repeat]:
    with database.read() as session:
        return {r.conversion.architecture.name: r for r in session.scalars(select(Repeat).order_by(Repeat.id))}


def conversions(database: Database) -> dict[str, Conversion]:
    with database.read() as session:
        return {c.architecture.name: c for c in session.scalars(select(Conversion))}


@sqlite_only
def test_model_code_that_differs_from_process_to_process_is_found(farm: TinyFarm) -> None:
    """A set of texts is walked, a number is drawn without a seed, the clock is read; and one network does none of it."""
    files = {
        "models/networks/small.py": networks(),
        "models/networks/__init__.py": "from models.networks.small import *\nfrom models.networks.small import __all__\n",
    }
    farm.scratch.commit(files, "Differ")
    farm.submit(toolchain=TOOLCHAIN)
    told: list[object] = []
    worker = make(farm)
    assert worker.step(told.append)
    assert not [e for e in told if isinstance(e, Repeated)]
    assert worker.step(told.append)
    assert not worker.step(told.append)
    found = {e.key.partition(":")[2]: e.difference for e in told if isinstance(e, Repeated)}
    assert found.keys() == {*BUILDS, "Block"}
    assert (found["steady"], found["Block"]) == (None, None)
    ordered = str(found["ordered"])
    assert ordered.startswith("graph.json: nodes[")
    assert "inputs[1]: " in ordered
    assert str(found["drawn"]).startswith("graph.json: nodes[0].attributes.other: 0.")
    assert str(found["timed"]).startswith("weights: made: 3 of 3 elements differ, first at [0, 0, 0]: ")
    rows = conversions(farm.database)
    assert {n: row.outcome for n, row in rows.items() if row.outcome} == dict.fromkeys(
        ("ordered", "drawn", "timed"), Outcome.NONDETERMINISTIC
    )
    assert rows["ordered"].message == f"converted again, it is another bundle: {ordered}"
    assert {row.state for row in rows.values()} == {"done"}


def test_a_bundle_that_is_equal_says_so(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = played(monkeypatch, bundles[0], bundles[0])
    farm.submit()
    worker = make(farm)
    while worker.step():
        pass
    assert {r.same for r in repeats(farm.database).values()} == {True}
    (how,) = given
    assert how.hash_seed > 0
    assert how.niceness == NICENESS
    assert {c.outcome for c in conversions(farm.database).values()} == {None}


def test_a_bundle_that_is_not_is_compared_with_the_stores(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, *bundles)
    commit = farm.submit().commit
    worker = make(farm)
    while worker.step():
        pass
    row = repeats(farm.database)["wide"]
    assert (row.same, row.difference) == (False, "samples/13x17: only in the first")
    assert farm.snapshots(commit)["wide"].bundle == str(
        converter_module.read_bundle(bundles[0]).manifest.identity
    )  # the first one stands


@pytest.mark.parametrize(
    ("ending", "same"),
    [
        (Result("", 0.1, Outcome.MODEL_FAILED, Cause.MODEL_CODE, "it raised"), False),
        (Result("", 0.1, Outcome.CONVERT_FAILED, Cause.CONVERTER, "traces differ"), False),
        (Result("", 0.1, Outcome.CONVERT_FAILED, Cause.UNKNOWN, "took more than 600 s"), None),
        (Result("", 0.1, Outcome.INFRA_ERROR, Cause.INFRA, "killed"), None),
        (Result("", 0.1, Outcome.HARNESS_ERROR, Cause.CONVERTER, "the converter's own"), None),
    ],
    ids=lambda value: value.outcome.name if isinstance(value, Result) else str(value),
)
def test_a_repeat_that_fails_says_something_only_where_the_code_failed(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, ending: Result, same: bool | None
) -> None:
    played(monkeypatch, bundles[0], ending)
    farm.submit()
    worker = make(farm)
    while worker.step():
        pass
    row = repeats(farm.database)["wide"]
    assert (row.same, row.state) == (same, "failed" if same is None else "done")
    assert row.difference == ("" if same is None else f"{ending.outcome} the second time: {ending.message}")


def test_a_conversion_goes_before_a_repeat_that_is_under_way(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, bundles[0], bundles[0])
    farm.submit()
    worker = make(farm)
    worker.step()
    asked: list[bool] = []

    def repeat(source: Path, items: Sequence[Item], limits: object, stop: object, how: object) -> Iterator[Event]:
        yield Begun(items[0].key, "import")
        assert callable(stop)
        asked.append(stop())
        with farm.database.write() as session:
            session.scalars(select(Conversion)).first().state = "queued"  # type: ignore[union-attr]
        asked.append(stop())

    monkeypatch.setattr(repeater_module, "convert_items", repeat)
    assert worker.step()
    assert asked == [False, True]
    assert {r.state for r in repeats(farm.database).values()} == {"queued"}


def test_what_is_stopped_goes_back_to_the_queue(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, bundles[0], bundles[0])
    farm.submit()
    make(farm).step()

    def interrupted(*_: object) -> Iterator[Event]:
        yield Begun("network:wide", "import")
        raise KeyboardInterrupt

    monkeypatch.setattr(repeater_module, "convert_items", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(farm).step()
    assert {r.state for r in repeats(farm.database).values()} == {"queued"}


def test_another_bundle_than_one_that_the_store_has_lost_is_another_all_the_same(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, *bundles)
    farm.submit()
    worker = make(farm)
    worker.step()
    shutil.rmtree(farm.scratch.root.parent / "store")
    while worker.step():
        pass
    for row in repeats(farm.database).values():
        assert (row.state, row.same) == ("done", False)
        assert row.difference.startswith("their identities; the first bundle cannot be read: ")
    assert {c.outcome for c in conversions(farm.database).values()} == {Outcome.NONDETERMINISTIC}


def test_what_was_repeated_before_a_batch_broke_off_stays_repeated(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, bundles[0], bundles[0])
    farm.submit()
    worker = make(farm)
    worker.step()

    def repeat(source: Path, items: Sequence[Item], *_: object) -> Iterator[Event]:
        shutil.copytree(bundles[0], items[0].folder)
        yield Result(items[0].key, 0.1)
        raise ZeroDivisionError("of the farm's own")

    monkeypatch.setattr(repeater_module, "convert_items", repeat)
    assert worker.step()
    rows = repeats(farm.database)
    done = {name for name, row in rows.items() if row.state == "done"}
    assert (len(done), {row.state for row in rows.values()}) == (1, {"done", "failed"})
    with farm.database.read() as session:
        said = session.scalars(select(EventRow.subject).where(EventRow.kind == "not repeated")).all()
    assert {key.partition(":")[2] for key in said} == rows.keys() - done


def test_uncommitted_changes_that_are_gone_say_nothing(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, *bundles)
    farm.scratch.write({"models/notes.py": "x = 1\n"})
    farm.submit()
    worker = make(farm)
    worker.step()
    farm.scratch.write({"models/notes.py": "x = 2\n"})
    while worker.step():
        pass
    assert {(r.state, r.same) for r in repeats(farm.database).values()} == {("failed", None)}


def test_without_a_bundle_there_is_nothing_to_repeat(
    farm: TinyFarm, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, *bundles)
    farm.submit()
    worker = make(farm)
    worker.step()
    with farm.database.write() as session:
        for snapshot in session.scalars(select(Snapshot)):
            snapshot.bundle = None
    assert not worker.step()
