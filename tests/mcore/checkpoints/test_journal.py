"""Entries of those who are at work, and of those who died."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcore.checkpoints.errors import StoreUnavailableError
from mcore.checkpoints.journal import Journal


def fail() -> None:
    raise RuntimeError("in the middle")


def test_an_entry_lasts_as_long_as_the_work(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    assert journal.under_way() == set()
    with journal.entered("a", "home"):
        assert journal.under_way() == {"a"}
        assert journal.settle(lambda *_: fail()) == 0  # it is held
    assert journal.under_way() == set()


def test_what_did_not_end_well_is_settled_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with pytest.raises(RuntimeError), journal.entered("a", "home"):
        fail()
    settled: list[tuple[str, str]] = []
    assert journal.settle(lambda *entry: settled.append(entry)) == 1
    assert settled == [("a", "home")]
    assert journal.settle(lambda *_: fail()) == 0


def test_an_entry_whose_settling_fails_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with pytest.raises(RuntimeError), journal.entered("a", "home"):
        fail()
    with pytest.raises(RuntimeError):
        journal.settle(lambda *_: fail())
    assert journal.under_way() == {"a"}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    with (
        pytest.raises(StoreUnavailableError, match="cannot be written"),
        Journal(tmp_path / "journal").entered("a", "h"),
    ):
        pass
