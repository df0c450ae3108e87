"""Who reaches a file while a network is converted, in a real child process."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.conversion.runner import convert_items
from farm.conversion.watch import Reach, Watch
from farm.conversion.wire import Item, Result
from tests.acceptance.hidden import HIDDEN, NETWORK, PART, SIZES, write_hidden


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Reach]]:
    """By the file that was watched for; one child for all."""
    folder = tmp_path_factory.mktemp("watch")
    write_hidden(folder / "source")
    paths = (PART, f"{SIZES}/two", f"{SIZES}/three", "models/basicblocks/block.py", "README.md")
    items = [
        Item(key=path, kind="network", target="models.networks:hidden", folder=str(folder / str(n)), watch=path)
        for n, path in enumerate(paths)
    ]
    results = [e for e in convert_items(folder / "source", items) if isinstance(e, Result)]
    assert [r.outcome for r in results] == [None] * len(paths)
    return {r.key: r.reached for r in results}


def line(text: str) -> int:
    return next(n for n, told in enumerate(NETWORK.splitlines(), 1) if text in told)


def test_a_call_and_the_import_that_a_pickle_does(reached: dict[str, list[Reach]]) -> None:
    assert reached[PART] == [
        Reach("calls", f"{HIDDEN}:{line('Conv2d(3, WIDTH()')}", "channels"),
        Reach("runs", f"{HIDDEN}:{line('pickle.loads')}", "<module>"),
    ]


def test_a_file_that_is_found_by_listing_its_folder(reached: dict[str, list[Reach]]) -> None:
    where = f"{HIDDEN}:{line('iterdir')}"
    assert reached[f"{SIZES}/two"] == [Reach("opens", where, f"{SIZES}/two"), Reach("lists", where, SIZES)]


def test_a_file_that_is_not_there_is_looked_for_by_listing(reached: dict[str, list[Reach]]) -> None:
    assert reached[f"{SIZES}/three"] == [Reach("lists", f"{HIDDEN}:{line('iterdir')}", SIZES)]


def test_what_nobody_reaches(reached: dict[str, list[Reach]]) -> None:
    assert reached["README.md"] == []


def test_without_a_watch_nothing_is_told(tmp_path: Path) -> None:
    watch = Watch(tmp_path, "file")
    with watch():
        (tmp_path / "file").write_text("text")
    assert watch.found() == []  # this file is none of that folder's
