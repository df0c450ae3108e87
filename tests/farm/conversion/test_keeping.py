"""What a converter puts into the store, and what it finds there and does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.conversion import keeping
from farm.database.engine import take_turn
from farm.database.models import Bundle, Installation
from farm.errors import UsageError
from tests.farm.conversion.converting import conversions, copying, make, played, states
from tests.farm.rows import judge
from tests.farm.tinyfarm import TinyFarm
from workers.artifacts import (
    ArtifactStore,
    ArtifactUnavailable,
    FolderStore,
    fetch_bundle,
    open_store,
    push_bundle,
)
from workers.artifacts.store import MARK, MARK_SHA256, object_name
from workers.outcome import Cause, Outcome


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


def ends_after(looks: int) -> Callable[[], bool]:
    """Says at the so manieth look that it is over."""
    left = iter(range(looks))
    return lambda: next(left, None) is None


def test_a_converter_that_is_patient_waits_for_a_store_that_takes_nothing(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has to ask again for what would have failed meanwhile."""
    monkeypatch.setattr("farm.conversion.converter.IDLE_S", 0.0)
    played(monkeypatch, copying(bundle))
    (place := tmp_path / "store").write_text("")
    farm.submit()
    worker = make(farm, store=str(place), patient=True)
    worker.run(ends_after(2))
    assert set(states(farm.database).values()) == {"queued"}
    assert "nothing is converted: the artifact store" in caplog.text
    place.unlink()
    worker.run(ends_after(3))
    assert set(states(farm.database).values()) == {"done"}


def test_and_one_that_breaks_down_between_two_bundles_costs_no_conversion(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farm.conversion.converter.IDLE_S", 0.0)
    played(monkeypatch, copying(bundle))
    put, puts = FolderStore.put, iter(range(1000))
    away = range(4, 20)

    def breaks_down(self: FolderStore, data: bytes) -> str:
        if next(puts) in away:
            raise ArtifactUnavailable("away")
        return put(self, data)

    monkeypatch.setattr(FolderStore, "put", breaks_down)
    farm.submit()
    make(farm, patient=True).run(ends_after(30))
    assert set(states(farm.database).values()) == {"done"}


def test_a_bundle_that_a_sound_store_does_not_take_is_infra_for_a_patient_one_too(
    farm: TinyFarm, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be converted again and again, before all others."""
    played(monkeypatch, copying(bundle))

    def too_large(*_: object) -> str:
        raise ArtifactUnavailable("too large")

    monkeypatch.setattr(keeping, "push_bundle", too_large)
    farm.submit()
    make(farm, patient=True).step()
    row = conversions(farm.database)["wide"]
    assert (row.outcome, row.message) == (Outcome.INFRA_ERROR, "the artifact store took no bundle: too large")


def test_a_store_of_an_earlier_version_gets_the_mark_by_which_hosts_know_it(farm: TinyFarm, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put(b"an artifact of before")
    make(farm, store=str(store.root)).run(ends_after(1))
    assert store.get(MARK_SHA256) == MARK
