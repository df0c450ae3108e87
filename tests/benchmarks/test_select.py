import json
import subprocess
import sys

import pytest

from benchmarks.select.made import COUNTS, make
from farm.source.catalogue import Catalogue, discover
from farm.source.closure import compute_closures
from farm.source.select import select
from tests.farm.source.conftest import Files


def read(files):
    tree = Files(files)
    found = discover(tree, Catalogue())
    assert found.problems == ()
    return compute_closures(tree, found.architectures, Catalogue())


def test_the_repository_has_a_thousand_public_names_and_is_the_same_each_time():
    made = make()
    assert len(made.uses) == sum(COUNTS.values()) == 1000
    assert len(made.files) > 300
    assert make().files == made.files != make(seed=1).files


def test_what_it_says_an_edit_selects_is_what_selection_finds():
    made = make(share=0.1)
    before = read(made.files)
    assert len(before) == len(made.uses) == 100
    assert not any(c.wildcards for c in before.values())
    for name in ("Block3", "Attention1", "Backbone7", "Network29"):
        path, text = made.homes[name], made.files[made.homes[name]]
        head, found, tail = text.partition(f"class {name}(Module)")
        assert found
        after = read({**made.files, path: head + found + tail.replace("x * self.scale", "self.scale * x", 1)})
        selected = {s.architecture.name for s in select(before, after) if s.selected}
        assert selected == made.made_of(name)


@pytest.mark.slow
def test_rows_say_what_was_compared() -> None:
    command = [sys.executable, "-m", "benchmarks.select", "--quick", "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert next(iter(document.items())) == ("schema", "benchmark-select/2")
    runs = ("cold", "warm", "edited", "process cold", "process warm")
    rows = document["rows"]
    assert [(r["repository"], r["run"], r["peer"]) for r in rows] == [
        (repository, run, peer) for repository in ("this", "made") for run in runs for peer in ("ast.parse", "grimp")
    ]
    for row in rows:
        assert row["architectures"] >= (1000 if row["repository"] == "made" else 200)
        assert row["ratio"] == pytest.approx(row["ours_ms"] / row["peer_ms"], rel=0.05)
    by_run = {(r["repository"], r["run"]): r["ours_ms"] for r in rows}
    for repository in ("this", "made"):
        assert by_run[repository, "warm"] < by_run[repository, "edited"]
        assert by_run[repository, "warm"] < by_run[repository, "cold"] / 3
