"""The converter on a database: claims and leases, what is recorded of every ending, real conversions of a real commit."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from farm.conversion import converter as converter_module
from farm.conversion import keeping
from farm.conversion.converter import Converter
from farm.conversion.wire import Begun, Event, Item, Result
from farm.coordinator.cancellation import cancel_submission
from farm.database.claims import BATCH
from farm.database.engine import Database, take_turn
from farm.database.models import Bundle, Conversion, Installation, Job
from farm.errors import UsageError
from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.table.table import build_table
from mcore.toolchain import toolchain
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.conversion.checkpoints import put
from tests.farm.rows import START, judge, submit
from tests.farm.tinyfarm import SMALL, TinyFarm, tiny_farm
from tests.workers.bundles import branched
from workers.artifacts import ArtifactStore, FolderStore, fetch_bundle, open_store, push_bundle
from workers.artifacts.store import object_name
from workers.outcome import Cause, Outcome

Child = Callable[[Path, Sequence[Item]], Iterator[Event]]


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    branched().write(folder)
    return folder


def make(farm: TinyFarm, **changes: str) -> Converter:
    store = changes.get("store", str(farm.scratch.root.parent / "store"))
    return Converter(farm.database, farm.inventory, farm.repository, store)


def played(monkeypatch: pytest.MonkeyPatch, child: Child) -> None:
    """Let ``child`` stand in for the child process."""

    def convert_items(source: Path, items: Sequence[Item], *_: object) -> Iterator[Event]:
        yield from child(source, items)

    monkeypatch.setattr(converter_module, "convert_items", convert_items)


def copying(bundle: Path) -> Child:
    """A child that makes the same bundle of everything."""

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for item in items:
            yield Begun(item.key, "import")
            shutil.copytree(bundle, item.folder)
            yield Result(item.key, 0.1)

    return child


def conversions(database: Database) -> dict[str, Conversion]:
    with database.read() as session:
        rows = session.scalars(select(Conversion)).all()
        return {row.architecture.name: row for row in rows}


def states(database: Database) -> dict[str, str]:
    return {name: row.state for name, row in conversions(database).items()}


def cell(farm: TinyFarm, name: str, commit: str) -> Cell:
    with farm.database.read() as session:
        return build_table(session, commit, farm.inventory, name).rows[0].cells["numpy"]


def test_real_code_becomes_bundles_in_the_store_and_jobs(farm: TinyFarm, tmp_path: Path) -> None:
    """One network of the three cannot be built; it fails alone."""
    farm.edit(SMALL, "self.fc = Linear(8, num_classes)", "self.fc = Linear(8, num_classes) / 0")
    commit = farm.scratch.commit({}, "Break tiny")
    farm.edit(SMALL, "self.conv = Conv2d(3, 16, 3)", "self.conv = Conv2d(3, 16, 1)  # on disk only")
    plan = farm.plan(commit="HEAD")
    assert plan.state.key == commit
    farm.scratch.git("stash", "--quiet")
    farm.submit()
    farm.scratch.git("stash", "pop", "--quiet")
    told: list[Begun | Result] = []
    assert make(farm).step(told.append)
    assert not make(farm).step()
    assert states(farm.database) == {"wide": "done", "tiny": "failed", "Block": "done"}
    tiny = conversions(farm.database)["tiny"]
    assert (tiny.outcome, tiny.cause) == (Outcome.MODEL_FAILED, Cause.MODEL_CODE)
    assert "TypeError" in tiny.message
    assert [e.key for e in told if isinstance(e, Result)] == ["network:wide", "network:tiny", "block:Block"]
    with farm.database.read() as session:
        wide = session.get_one(Bundle, farm.snapshots(commit)["wide"].bundle)
        jobs = session.scalars(select(Job)).all()
        assert {(j.architecture.name, j.device_type.name) for j in jobs} == {
            (name, device) for name in ("wide", "Block") for device in ("numpy", "exact")
        }
        assert {s.name for s in wide.sample_rows} == {"24x24", "16x32", "17x23"}
    assert (wide.layers, wide.ops) == (["Conv2d"], ["conv2d"])
    folder = fetch_bundle(open_store(farm.scratch.root.parent / "store"), wide.manifest, tmp_path / "cache")
    manifest = converter_module.read_bundle(folder).manifest
    assert (str(manifest.identity), manifest.commit) == (wide.identity, commit)
    assert manifest.closure == farm.snapshots(commit)["wide"].closure
    assert wide.size_bytes == sum(entry.size for entry in manifest.files.values())


def test_a_checkpoint_that_is_new_changed_or_gone_converts_its_architecture_anew(
    farm: TinyFarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real conversions: the weights of ``wide`` are calibrated, then of one checkpoint, then of another one."""

    def submitted() -> tuple[int, int]:
        said = farm.submit(toolchain=toolchain())
        while make(farm).step():
            pass
        assert set(states(farm.database).values()) == {"done"}
        return said.converting, said.known

    def bundle_of(name: str) -> str:
        return str(farm.snapshots(farm.scratch.git("rev-parse", "HEAD"))[name].bundle)

    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    shapes = {"conv.weight": (16, 3, 3, 3), "conv.bias": (16,)}
    assert submitted() == (3, 0)
    assert submitted() == (0, 3)
    calibrated, tiny = bundle_of("wide"), bundle_of("tiny")
    put("small", "wide", shapes, seed=1)
    assert submitted() == (1, 2)
    assert submitted() == (0, 3)
    first = bundle_of("wide")
    put("small", "wide", shapes, seed=2)
    assert submitted() == (1, 2)
    second = bundle_of("wide")
    assert len({calibrated, first, second}) == 3
    shutil.rmtree(tmp_path / "checkpoints")
    assert submitted() == (1, 2)
    assert (bundle_of("wide"), bundle_of("tiny")) == (calibrated, tiny)


def test_a_toolchain_that_makes_a_known_bundle_knows_it_from_then_on(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, copying(bundle))
    made_by = dict(converter_module.read_bundle(bundle).manifest.toolchain)
    farm.submit(toolchain=made_by)
    make(farm).step()
    with farm.database.write() as session:
        for row in session.scalars(select(Bundle)):
            row.toolchain = {**made_by, "torch": "older"}
    assert farm.submit(toolchain=made_by).converting == 3
    make(farm).step()
    assert farm.submit(toolchain=made_by).converting == 0


def test_a_bundle_that_is_known_gets_no_second_row_and_no_second_job(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, copying(bundle))
    farm.submit()
    make(farm).step()
    with farm.database.read() as session:
        assert len(session.scalars(select(Bundle)).all()) == 1
        assert len(session.scalars(select(Job)).all()) == 2
    assert {s.bundle for s in farm.snapshots(farm.scratch.git("rev-parse", "HEAD")).values()} == {
        str(converter_module.read_bundle(bundle).manifest.identity)
    }


def test_new_urgent_conversions_pass_old_ones_over_four_batches_at_most(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[str]] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        batches.append([item.key for item in items])
        yield from copying(bundle)(source, items)

    played(monkeypatch, child)
    farm.submit()
    with farm.database.write() as session:
        session.execute(update(Conversion).values(priority=Conversion.priority + 100))
    converter = make(farm)
    for stride in range(2, 8):
        farm.scratch.commit({SMALL: FILES[SMALL].replace("Conv2d(3, 16, 3)", f"Conv2d(3, 16, 3, stride={stride})")})
        farm.submit("HEAD~1", now=START + timedelta(minutes=stride))
        converter.step()
    assert batches == [["network:wide"]] * 4 + [["network:wide", "network:tiny", "block:Block"]] + [["network:wide"]]


def test_one_batch_is_of_one_commit_and_the_most_urgent_first(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.submit()
    submit(farm.database, farm.inventory, [f"net{n}" for n in range(BATCH + 2)], "c1", state="queued")
    batches: list[list[str]] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        batches.append([item.key for item in items])
        yield from copying(bundle)(source, items)

    played(monkeypatch, child)
    monkeypatch.setattr(converter_module, "CommitSource", lambda *_: Anything())
    worker = make(farm)
    while worker.step():
        pass
    assert sorted(map(len, batches)) == [2, 3, BATCH]
    assert [batch for batch in batches if "network:wide" in batch] == [["network:wide", "network:tiny", "block:Block"]]
    assert all(len({key.startswith("network:net") for key in batch}) == 1 for batch in batches)


class Anything:
    """A source that is there whatever the commit."""

    def export(self, folder: Path) -> Path:
        return folder


def test_two_converters_share_the_work(farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"net{n}" for n in range(3 * BATCH)]
    submit(farm.database, farm.inventory, names, "c1", state="queued")
    monkeypatch.setattr(converter_module, "CommitSource", lambda *_: Anything())
    converted: list[str] = []
    barrier = threading.Barrier(2)

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        if len(converted) < 2 * BATCH:
            barrier.wait(20)  # both have claimed before either is done
        for event in copying(bundle)(source, items):
            if isinstance(event, Result):
                converted.append(event.key)
            yield event

    played(monkeypatch, child)
    workers = [make(farm), make(farm)]
    errors: list[BaseException] = []

    def work(worker: Converter) -> None:
        try:
            worker.step()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(converted) == len(set(converted)) == 2 * BATCH
    assert sorted(states(farm.database).values()) == ["done"] * 2 * BATCH + ["queued"] * BATCH


def test_an_expired_lease_is_taken_over_and_a_living_one_is_not(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, copying(bundle))
    farm.submit()
    now = datetime.now(UTC)
    with farm.database.write() as session:
        for row in session.scalars(select(Conversion)):
            row.state, row.lease_until = (
                "running",
                now + timedelta(minutes=1 if row.architecture.name == "wide" else -1),
            )
    assert make(farm).step()
    assert states(farm.database) == {"wide": "running", "tiny": "done", "Block": "done"}
    assert not make(farm).step()


def test_while_a_batch_is_under_way_its_lease_is_renewed(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases: list[datetime | None] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for event in copying(bundle)(source, items):
            leases.append(conversions(farm.database)["Block"].lease_until)
            yield event

    played(monkeypatch, child)
    farm.submit()
    make(farm).step()
    known = [lease for lease in leases if lease is not None]
    assert len(known) == 6
    assert known == sorted(set(known))
    assert known[0] > datetime.now(UTC) + timedelta(seconds=600)


def test_what_is_stopped_goes_back_to_the_queue(farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = False

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        nonlocal stopped
        stopped = True
        yield from copying(bundle)(source, items[:1])

    played(monkeypatch, child)
    farm.submit()
    make(farm).step(stop=lambda: stopped)
    assert states(farm.database) == {"wide": "done", "tiny": "queued", "Block": "queued"}
    make(farm).run(lambda: True)  # told to stop before it began: it claims nothing
    assert sorted(states(farm.database).values()) == ["done", "queued", "queued"]


def test_a_converter_makes_the_store_before_its_first_bundle_and_none_in_place_of_one_that_is_away(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = farm.scratch.root.parent / "store"
    once = iter((False, True))
    make(farm).run(lambda: next(once))
    with farm.database.read() as session:
        assert FolderStore(root).owners() == set(session.scalars(select(Installation.id)))
    played(monkeypatch, copying(bundle))
    farm.submit()
    make(farm).step()
    shutil.rmtree(root)  # as where it is not mounted
    once = iter((False, True))
    make(farm).run(lambda: next(once))
    assert not root.exists()


def test_uncommitted_changes_that_are_gone_preclude_the_conversion(farm: TinyFarm) -> None:
    farm.edit(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
    commit = farm.submit("HEAD").commit
    farm.edit(SMALL, "Conv2d(3, 16, 3, stride=2)", "Conv2d(3, 16, 3, stride=3)")
    assert make(farm).step()
    found = cell(farm, "wide", commit)
    assert (found.verdict, found.outcome, found.cause) == (Verdict.NO_VERDICT, Outcome.PRECLUDED, "infra")
    assert f"the uncommitted state {commit} is gone" in found.message
    assert found.message.endswith("submit it again")


@pytest.mark.parametrize(
    ("outcome", "verdict"), [(Outcome.MODEL_FAILED, Verdict.FAILED), (Outcome.HARNESS_ERROR, Verdict.NO_VERDICT)]
)
def test_a_failed_reconversion_does_not_hide_behind_the_older_bundle(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, verdict: Verdict
) -> None:
    played(monkeypatch, copying(bundle))
    commit = farm.submit().commit
    make(farm).step()
    judge(farm.database, farm.inventory)
    assert cell(farm, "wide", commit).verdict is Verdict.SUPPORTED

    def failing(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for item in items:
            yield Result(item.key, 0.1, outcome, Cause.UNKNOWN, "it broke")

    played(monkeypatch, failing)
    farm.submit(reconvert=True)
    make(farm).step()
    found = cell(farm, "wide", commit)
    assert (found.verdict, found.provenance, found.outcome) == (verdict, Provenance.OBSERVED, outcome)


@pytest.mark.parametrize("store", ["file", "https"])
def test_a_store_that_takes_nothing_is_infra(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: str
) -> None:
    (tmp_path / "file").write_text("")
    played(monkeypatch, copying(bundle))
    farm.submit()
    worker = make(farm, store="https://127.0.0.1:9/store" if store == "https" else str(tmp_path / "file"))
    assert worker.step()
    assert not worker.step()
    row = conversions(farm.database)["wide"]
    assert (row.outcome, row.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
    assert row.message.startswith("the artifact store took no bundle: ")
    assert farm.submit().converting == 3  # asked for again, it is tried again


def test_what_a_collection_takes_before_it_is_recorded_is_pushed_again(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The artifacts had been there for long, so that pushing them wrote nothing and no grace period protected them."""
    played(monkeypatch, copying(bundle))
    worker = make(farm)
    store = open_store(farm.scratch.root.parent / "store")
    pushes: list[str] = []

    def robbed(into: ArtifactStore, folder: Path) -> str:
        pushes.append(manifest := push_bundle(into, folder))
        if len(pushes) == 1:
            store.remove([next(entry.name for entry in store.list() if entry.sha256)])
        return manifest

    monkeypatch.setattr(keeping, "push_bundle", robbed)
    farm.submit()
    worker.step()
    assert set(states(farm.database).values()) == {"done"}
    assert len(pushes) == 4  # one of the three bundles twice
    with farm.database.read() as session:
        for row in session.scalars(select(Bundle)):
            assert row.files is not None
            assert all(map(store.has, (*row.files, row.manifest)))
        assert store.owners() == set(session.scalars(select(Installation.id)))


@pytest.mark.server
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_bundle_that_is_marked_while_the_store_is_looked_at_is_unmarked(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite a collection cannot come in between."""
    played(monkeypatch, copying(bundle))
    farm.submit()
    make(farm).step()

    seen: list[Bundle] = []  # what is referred to stays in the session as it was read

    def marked(session: Session) -> None:
        seen.append(session.scalars(select(Bundle)).one())
        with farm.database.write(in_turn=True) as other:
            other.scalars(select(Bundle)).one().collected = datetime.now(UTC)
        take_turn(session)

    monkeypatch.setattr(keeping, "take_turn", marked)
    farm.submit(reconvert=True)
    make(farm).step()
    with farm.database.read() as session:
        assert session.scalars(select(Bundle)).one().collected is None


def test_a_store_that_keeps_nothing_is_infra(farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(monkeypatch, copying(bundle))
    monkeypatch.setattr("workers.artifacts.folder.FolderStore.has", lambda *_: False)
    farm.submit()
    make(farm).step()
    row = conversions(farm.database)["wide"]
    assert (row.outcome, row.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
    assert "does not keep what is put into it" in row.message


@pytest.mark.parametrize("lost", ["collected", "manifest", "weights"])
def test_a_bundle_whose_artifacts_were_lost_is_made_again(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lost: str
) -> None:
    """A collected one because a device has yet to replay it; what damage took, because somebody asked for it."""
    played(monkeypatch, copying(bundle))
    farm.submit()
    make(farm).step()
    store = FolderStore(farm.scratch.root.parent / "store")
    with farm.database.write() as session:
        row = session.scalars(select(Bundle)).one()
        row.toolchain = {}
        if lost == "collected":
            row.collected = datetime.now(UTC)
            store.remove([entry.name for entry in store.list()])
        else:
            sha256 = row.manifest if lost == "manifest" else row.weights
            (store.root / object_name(sha256)).unlink()
            (store.root / object_name(sha256)).write_bytes(b"damaged")
    again = farm.submit(toolchain={}, reconvert=lost != "collected")
    assert (again.converting, again.known) == (3, 0)
    make(farm).step()
    with farm.database.read() as session:
        row = session.scalars(select(Bundle)).one()
        assert row.collected is None
        fetch_bundle(store, row.manifest, tmp_path / "cache")


def test_a_collected_bundle_that_every_device_has_judged_costs_nothing(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(monkeypatch, copying(bundle))
    farm.submit()
    make(farm).step()
    judge(farm.database, farm.inventory)
    with farm.database.write() as session:
        row = session.scalars(select(Bundle)).one()
        row.toolchain, row.collected = {}, datetime.now(UTC)
    again = farm.submit(toolchain={})
    assert (again.converting, again.known) == (0, 3)
    assert set(again.jobs) == {"inherited"}


def test_no_store_is_known_by_such_a_url(farm: TinyFarm) -> None:
    with pytest.raises(UsageError, match="FARM_STORE_URL: 'gopher://store' is no artifact store"):
        make(farm, store="gopher://store")


def test_a_bundle_that_cannot_be_read_is_the_converters_fault(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for event in copying(bundle)(source, items):
            if isinstance(event, Result) and event.key == "network:wide":
                (Path(items[0].folder) / "graph.json").write_text("{}")
            yield event

    played(monkeypatch, child)
    farm.submit()
    make(farm).step()
    row = conversions(farm.database)["wide"]
    assert (row.state, row.outcome, row.cause) == ("failed", Outcome.HARNESS_ERROR, Cause.CONVERTER)
    assert row.message.startswith("the bundle that was written cannot be read: ")
    assert states(farm.database)["tiny"] == "done"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(ZeroDivisionError("of the farm's own"), Outcome.HARNESS_ERROR), (OSError("disk full"), Outcome.INFRA_ERROR)],
)
def test_an_unknown_error_ends_what_is_left_of_the_batch_and_nothing_else(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: Outcome
) -> None:
    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        yield from copying(bundle)(source, items[:1])
        raise error

    played(monkeypatch, child)
    farm.submit()
    worker = make(farm)
    assert worker.step()
    assert states(farm.database) == {"wide": "done", "tiny": "failed", "Block": "failed"}
    row = conversions(farm.database)["tiny"]
    assert (row.outcome, row.message) == (outcome, f"{type(error).__name__}: {error}")
    assert not worker.step()


@pytest.mark.parametrize("outcome", [None, Outcome.MODEL_FAILED])
def test_what_is_cancelled_while_it_is_converted_leaves_nothing(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None
) -> None:
    submitted = farm.submit()

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for item in items:
            yield Begun(item.key, "import")
            with farm.database.write(in_turn=True) as session:
                cancel_submission(session, submitted.submission, "cancelled by Ada", START)
            shutil.copytree(bundle, item.folder)
            yield Result(item.key, 0.1, outcome, Cause.MODEL_CODE, "it broke")

    played(monkeypatch, child)
    assert make(farm).step()
    assert not make(farm).step()
    found = conversions(farm.database).values()
    assert {(c.state, c.outcome, c.message) for c in found} == {("cancelled", None, "cancelled by Ada")}
    with farm.database.read() as session:
        assert session.scalars(select(Bundle)).all() == []
        assert session.scalars(select(Job)).all() == []


def test_a_conversion_that_ends_after_a_newer_commit_came_brings_no_work(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bundle stands at its own commit; the jobs on it are superseded."""
    farm.submit(branch="main")
    newer: list[str] = []

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        if not newer:
            farm.edit(SMALL, "self.conv = Conv2d(3, 16, 3)", "self.conv = Conv2d(3, 16, 1)")
            newer.append(farm.scratch.commit({}, "Another kernel"))
            farm.submit(branch="main", now=START + timedelta(minutes=1))
        yield from copying(bundle)(source, items)

    played(monkeypatch, child)
    assert make(farm).step()
    with farm.database.read() as session:
        assert set(session.scalars(select(Job.state))) == {"superseded"}
        assert set(session.scalars(select(Job.reason))) == {f"superseded by {newer[0][:10]} on main"}
        done = session.scalars(select(Conversion).where(Conversion.state == "done")).all()
        assert {c.commit for c in done} == {farm.scratch.git("rev-parse", "HEAD~1")}
    assert make(farm).step()
    with farm.database.read() as session:
        assert set(session.scalars(select(Job.state))) == {"superseded", "queued"}


def test_a_late_failure_does_not_undo_what_another_converter_has_done(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is silent for so long that its lease runs out."""
    farm.submit()
    commit = farm.scratch.git("rev-parse", "HEAD")

    def silent(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        with farm.database.write() as session:
            for row in session.scalars(select(Conversion)):
                row.lease_until = datetime.now(UTC) - timedelta(seconds=1)
        played(monkeypatch, copying(bundle))
        make(farm).step()
        for item in items:
            yield Result(item.key, 0.1, Outcome.CONVERT_FAILED, Cause.UNKNOWN, "too late")

    played(monkeypatch, silent)
    make(farm).step()
    assert set(states(farm.database).values()) == {"done"}
    assert all(s.bundle for s in farm.snapshots(commit).values())
