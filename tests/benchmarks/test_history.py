"""The comparison of the selection with what commits really changed, on a small repository."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.history import figures_of, parts_of, rows, sampled, touching
from farm.git import Repository
from farm.inventory import Inventory
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, tiny_inventory


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch(tmp_path / "repository")
    made.commit(FILES, "Start")
    return made


def options(commits: int = 1, architectures: int = 8) -> argparse.Namespace:
    return argparse.Namespace(revision="HEAD", commits=commits, architectures=architectures, seed=0, kinds=None)


def test_an_edit_is_a_hit_and_the_rest_is_left_out(scratch: Scratch) -> None:
    """What changed is a hit, what did not is left out; and a commit that is known is not converted again."""
    inventory: Inventory = tiny_inventory()
    edited = FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")
    scratch.commit({BLOCK: edited}, "Edit")
    repository = Repository.find(scratch.root)
    found = list(rows(repository, inventory, options(), []))
    assert {row["architecture"]: row["word"] for row in found} == {
        "block:Block": "hit",
        "network:tiny": "hit",
        "network:wide": "left out",
    }
    hit = next(row for row in found if row["architecture"] == "block:Block")
    assert "graph.json" in hit["parts"]
    assert hit["reason"].startswith("changed: Block.__init__")
    assert list(rows(repository, inventory, options(), found)) == []


def test_only_commits_that_touch_code_that_counts(scratch: Scratch) -> None:
    scratch.commit({"README.md": "text"}, "Document")
    edit = scratch.commit({BLOCK: "# A comment.\n" + FILES[BLOCK]}, "Comment")
    scratch.commit({"docs/more.md": "text"}, "Document more")
    found = touching(Repository.find(scratch.root), ("models",), "HEAD", 5)
    assert [commit.sha for commit in found] == [edit]  # the first commit has no parent


def test_what_comes_out_otherwise_each_time_is_neither_hit_nor_miss(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch.commit({BLOCK: FILES[BLOCK] + "\n\nextra = 1\n"}, "Edit")
    numbers = iter(range(100))

    def converted(_repository: Any, _inventory: Any, _sha: str, sample: Any) -> dict[str, dict[str, str]]:
        return {e.architecture.key: {"weights": str(next(numbers))} for e in sample}

    monkeypatch.setattr("benchmarks.history.converted", converted)
    found = list(rows(Repository.find(scratch.root), tiny_inventory(), options(), []))
    assert {row["word"] for row in found} == {"unstable"}
    assert figures_of(found)["unstable"] == 3
    assert figures_of(found)["misses"] == 0


def entry(key: str, selected: bool) -> Any:
    return SimpleNamespace(
        architecture=SimpleNamespace(key=key, kind="block", name=key), selection=SimpleNamespace(selected=selected)
    )


@pytest.mark.parametrize(
    ("chosen", "others", "count", "expected"),
    [(9, 9, 4, (2, 2)), (1, 9, 4, (1, 3)), (9, 1, 4, (3, 1)), (9, 0, 4, (4, 0)), (1, 1, 4, (1, 1)), (0, 0, 4, (0, 0))],
)
def test_the_sample_has_both_sorts(chosen: int, others: int, count: int, expected: tuple[int, int]) -> None:
    entries = [entry(f"a{i}", True) for i in range(chosen)] + [entry(f"b{i}", False) for i in range(others)]
    found = sampled(entries, count, "seed")
    assert (sum(e.selection.selected for e in found), sum(not e.selection.selected for e in found)) == expected
    assert found == sampled(entries[::-1], count, "seed")


def test_places_in_code_do_not_count(tmp_path: Path) -> None:
    def parts(source: str, op: str, weights: bytes = b"1") -> dict[str, str]:
        node = {"op": op, "source": source}
        (tmp_path / "graph.json").write_text(json.dumps({"nodes": [node], "guards": [{"source": source}]}))
        (tmp_path / "weights.safetensors").write_bytes(weights)
        (tmp_path / "manifest.json").write_text(source)
        return parts_of(tmp_path)

    start = parts("a.py:1", "relu")
    assert start.keys() == {"graph.json", "weights.safetensors"}
    assert parts("a.py:2", "relu") == start
    assert parts("a.py:1", "gelu") != start
    assert parts("a.py:1", "relu", b"2") != start


def test_figures() -> None:
    words = ["hit"] * 3 + ["miss"] + ["over"] * 2 + ["left out"] * 4
    found = figures_of([{"word": word, "commit": "c"} for word in words])
    assert (found["precision"], found["recall"], found["misses"], found["architectures"]) == (0.6, 0.75, 1, 10)
    assert figures_of([])["recall"] is None
