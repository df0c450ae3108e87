"""The converter on a database: what is recorded of every ending, real conversions of a real commit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.conversion import converter as converter_module
from farm.conversion.wire import Begun, Event, Item, Result
from farm.coordinator.cancellation import cancel_submission
from farm.database.models import Bundle, Job
from farm.states.cell import Cell
from farm.states.verdict import Provenance, Verdict
from farm.table.table import build_table
from mcore.toolchain import toolchain
from tests.farm.conversion.checkpoints import put
from tests.farm.conversion.converting import conversions, copying, make, played, states
from tests.farm.rows import START, judge
from tests.farm.tinyfarm import SMALL, TinyFarm
from workers.artifacts import fetch_bundle, open_store
from workers.outcome import Cause, Outcome


def cell(farm: TinyFarm, name: str, commit: str) -> Cell:
    with farm.database.read() as session:
        return build_table(session, commit, farm.inventory, name).rows[0].cells["numpy"]


#: For real conversions, of seconds each: what either database makes of them is asked of played ones.
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@ONE_DATABASE
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


@ONE_DATABASE
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
