"""Rows from files, files from rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from mcore.checkpoints import CheckpointError, CheckpointNotFoundError, CheckpointStore, StoreUnavailableError
from mcore.checkpoints.tables import Base, CheckpointRow, Schema
from tests.mcore.checkpoints.conftest import put


def counts(store: CheckpointStore) -> dict[str, int]:
    with store.database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def test_rows_are_made_anew_from_files(store: CheckpointStore) -> None:
    saved = [put(store, n, metrics={"miou": n / 10}, tags=("a", "b")) for n in range(3)]
    before = counts(store)
    with store.database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != Schema.__tablename__:
                session.execute(delete(table))
    with pytest.raises(CheckpointNotFoundError):
        store.get(saved[0].id)
    assert sorted(store.reindex().entered) == sorted(c.id for c in saved)
    assert counts(store) == before
    assert [store.get(c.id) for c in saved] == saved
    assert store.reindex().same == 3


def test_files_are_made_anew_from_rows_bit_for_bit(store: CheckpointStore) -> None:
    saved = [put(store, n) for n in range(3)]
    contents = [store.metadata_file(c).read_bytes() for c in saved]
    store.metadata_file(saved[0]).unlink()
    store.metadata_file(saved[1]).write_bytes(contents[1][:-10])
    assert [bool(v.problems) for v in store.verify()] == [True, True, False]
    done = store.reindex(from_database=True)
    assert done.restored == tuple(sorted(c.id for c in saved[:2]))
    assert [store.metadata_file(c).read_bytes() for c in saved] == contents
    assert not any(v.problems for v in store.verify())


def test_a_damaged_file_keeps_its_row_and_is_named(store: CheckpointStore) -> None:
    saved = put(store)
    store.metadata_file(saved).write_bytes(b"{}")
    done = store.reindex()
    assert (done.entered, done.dropped) == ((), ())
    assert done.damaged[0].startswith(f"networks/segmentation/net/metadata/{saved.id}.json: ")
    assert store.get(saved.id) == saved
    with pytest.raises(CheckpointError, match="nothing was removed"):
        store.collect()


def test_what_was_removed_by_hand_goes_from_the_index(store: CheckpointStore) -> None:
    saved = put(store)
    shutil.rmtree(store.root / "networks")
    assert store.reindex().dropped == (saved.id,)
    assert store.verify() == []


def test_a_copied_metadata_file_is_not_taken_for_another_checkpoint(store: CheckpointStore) -> None:
    saved = put(store)
    copy = store.root / f"networks/detection/net/metadata/{saved.id}.json"
    copy.parent.mkdir(parents=True)
    shutil.copy(store.metadata_file(saved), copy)
    assert "moved or copied" in store.reindex().damaged[0]
    assert store.get(saved.id).task == "segmentation"


def test_an_index_of_an_older_version_is_made_anew_and_a_newer_one_left_alone(
    tmp_path: Path, database_url: str
) -> None:
    store = CheckpointStore(tmp_path, database_url)
    saved = put(store)
    for version, known in ((0, True), (99, False)):
        with store.database.write() as session:
            session.execute(delete(CheckpointRow).where(CheckpointRow.id == "none"))
            session.execute(update(Schema).values(version=version))
        if known:
            again = CheckpointStore(tmp_path, database_url)
            assert again.get(saved.id) == saved
            again.close()
        else:
            with pytest.raises(StoreUnavailableError, match="of version 99"):
                CheckpointStore(tmp_path, database_url)
    store.close()


def test_a_store_on_a_new_database_finds_what_is_on_the_disk(sqlite_store: CheckpointStore, tmp_path: Path) -> None:
    saved = put(sqlite_store)
    other = CheckpointStore(sqlite_store.root, f"sqlite:///{tmp_path}/other.sqlite")
    assert other.get(saved.id) == saved
    other.close()


@pytest.mark.parametrize("url", ["mysql://u:secret@x/y", "not a url", "nosuch://x"])
def test_another_kind_of_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        CheckpointStore(tmp_path, url)
    assert "secret" not in str(caught.value)


def test_an_absent_server_is_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        CheckpointStore(tmp_path, "postgresql://farm:secret@127.0.0.1:1/farm")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
