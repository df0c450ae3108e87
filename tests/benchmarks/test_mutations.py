"""Wrong weights under the fp32 policy: none passes, over a few small networks of different families."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.mutations import __main__ as script
from benchmarks.mutations.alone import judged_alone
from benchmarks.mutations.document import BEGIN, END, PAGE, Record, counts, read_all, rows_in, summary, tables, write
from benchmarks.mutations.judge import rows_of
from benchmarks.mutations.mutate import MUTATIONS, mutants
from benchmarks.tolerances.derive import read_rows
from benchmarks.zoo import FOLDERS, Architecture, architectures, bundles
from farm.inventory import load_inventory
from farm.selftest.networks import drawn
from mcore.convert import toplatform
from mcore.platform.format import read_bundle
from models.basicblocks import BasicBlock

ROOT = Path(__file__).parents[2]
FP32 = load_inventory(ROOT / "inventory.yaml").policy("fp32")
#: Convolutions with a skip, an attention, depthwise convolutions, a transformer between convolutions.
SMALL = ("block:BasicBlock", "attention:CBAM", "block:InvertedResidual", "block:MobileViTBlock")


@pytest.mark.parametrize("name", SMALL)
def test_no_mutant_passes(name: str) -> None:
    (architecture,) = architectures([name])
    ((_, bundle),) = bundles([architecture])
    rows = rows_of(bundle, FP32, 4, seed=1)
    assert [row for row in rows if row["passed"]] == []
    assert sum(row["effect"] for row in rows) >= 0.8 * len(rows) > 0
    assert {row["kind"] for row in rows} <= MUTATIONS.keys()


def test_the_mutant_that_comes_nearest_to_passing_is_seen() -> None:
    """A dead channel of SqueezeNet, whose outputs it leaves at 78 dB: why the limits of fp32 leave no more room."""
    ((_, bundle),) = bundles(architectures(["network:squeezenet1_0"]))
    (row,) = [row for row in rows_of(bundle, FP32, 2, seed=0) if row["margin"] > -0.5]
    assert (row["kind"], row["changed"]) == ("dead channel", "features.4.squeeze.weight")
    assert not row["passed"]
    assert row["effect"]
    assert row["outcome"] == "MISMATCH"
    assert 75 < row["sqnr_db"] < FP32.sqnr_db
    assert 1e-6 < row["rel"] < 1e-2


class TestResults:
    """What was run over the zoo and is kept, and the page that shows it."""

    KEPT = read_all(ROOT / "benchmarks/mutations/results")
    KEYS = tuple(a.key for a in architectures())

    def test_none_of_them_passed_under_the_present_policies(self) -> None:
        inventory = load_inventory(ROOT / "inventory.yaml")
        for records in self.KEPT:
            (key,) = {record["policy"] for record in records}
            assert inventory.policy(key.partition("/")[0]).key == key, "run them again: the policy is another one"
            assert [row for row in rows_in(records) if row["passed"]] == []

    def test_the_page_shows_what_the_files_say(self) -> None:
        """Else: ``python -m benchmarks.mutations --count 2 --results DIR --write block:BasicBlock`` with their folder."""
        text = PAGE.read_text(encoding="utf-8")
        assert text.partition(BEGIN)[2].partition(END)[0].strip() == tables(self.KEPT, self.KEYS)

    def test_networks_of_every_kind_were_run_once(self) -> None:
        for records in self.KEPT:
            run = [record["architecture"] for record in records]
            assert {key.partition(":")[0] for key in run} == FOLDERS.keys()
            assert len(set(run)) == len(run)
            assert set(run) <= set(self.KEYS)
        assert len(self.KEPT[0]) >= 60


def record(key: str, *rows: tuple[float, bool]) -> Record:
    """An architecture with mutants of these margins, which passed or not."""
    made = [
        {"kind": "dead channel", "changed": f"{n}.weight", "effect": True, "passed": passed, "margin": margin}
        | {"outcome": "PASS" if passed else "MISMATCH", "rel": 1e-3, "sqnr_db": 60.0}
        for n, (margin, passed) in enumerate(rows)
    ]
    return {"architecture": key, "policy": "fp32/2", "count": 2, "seed": 0, "mutants": made}


def test_the_table_names_the_nearest_and_what_was_not_run(tmp_path: Path) -> None:
    records = [record("network:a", (-0.5, False), (-1.0, False), (0.25, True)), record("block:b", (-0.75, False))]
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    write([records, records[:1]], ["network:a", "network:c", "block:b", "neck:e"], page)
    first, second = (f"Under {part}" for part in page.read_text().split("Under ")[1:])
    assert first.startswith("Under `fp32/2`, 2 of 4 architectures, 2 mutants of each kind that they can have")
    assert ": 4 mutants, 3 seen, 1 passed, 0 without effect." in first
    shown = [line.split("|")[1:6] for line in first.splitlines() if "dead channel" in line]
    assert [row[0].strip() for row in shown] == ["network:a", "network:a", "block:b"], (
        "the nearest first, and none far off"
    )
    assert [row[4].strip() for row in shown] == ["passed", "2.0 times", "4.0 times"]
    assert "Not run: network c; neck e." in first
    assert "Run: network a." in second, "the shorter list"
    assert page.read_text().startswith("before")
    assert second.endswith("after\n")
    assert tables([], []) == "nothing was run"


class TestScript:
    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["mutations", *arguments])
        with pytest.raises(SystemExit) as stopped:
            script.main()
        assert stopped.value.code is not None
        return stopped.value.code if isinstance(stopped.value.code, int) else 1

    def test_what_a_file_has_is_not_run_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, names = tmp_path / "made/fp32.jsonl", ("attention:CBAM", "head:ClassificationHead")
        assert self.run(monkeypatch, "--results", str(file.parent), "--count", "1", names[0]) == 0
        first = file.read_text()
        assert self.run(monkeypatch, "--results", str(file.parent), "--count", "1", *names) == 0
        assert file.read_text().startswith(first)
        assert [record["architecture"] for record in read_rows(file)] == list(names)
        said = capsys.readouterr()
        assert said.err.count("CBAM") == 1
        assert said.out.splitlines()[-1].startswith("fp32/2: 3 mutants, 3 seen")
        monkeypatch.setattr("sys.argv", ["mutations", "--results", str(file.parent), "--count", "2", names[0]])
        with pytest.raises(SystemExit, match="was run with --policy fp32/2 --count 1 --seed 0, not fp32/2, 2, 0"):
            script.main()

    def test_there_is_nothing_to_write_without_a_file(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(monkeypatch, "--write") == 2
        assert "--write needs --results DIR" in capsys.readouterr().err


class TestLayers:
    """Under a policy that judges layers."""

    BUNDLE = drawn(3).bundle()

    @pytest.mark.parametrize("name", ["fp16", "bf16", "int8"])
    def test_no_mutant_passes(self, name: str) -> None:
        rows = rows_of(self.BUNDLE, load_inventory(ROOT / "inventory.yaml").policy(name), 3, seed=0)
        assert [(row["kind"], row["changed"]) for row in rows] == [made[:2] for made in mutants(self.BUNDLE, 3, seed=0)]
        assert [row for row in rows if row["passed"]] == []
        assert all(row["effect"] and row["outcome"] == "MISMATCH" and row["margin"] < 0 for row in rows)

    def test_a_mutant_is_judged_by_the_layers_that_read_what_it_changes(self) -> None:
        """And not by another one's that is in the same network: it would fail with any of them."""
        whole = next(w for w in self.BUNDLE.weights.values() if w.ndim == 4)
        name = next(name for name, weight in self.BUNDLE.weights.items() if weight is whole)
        hardly = {**self.BUNDLE.weights, name: whole * np.float32(1 + 1e-6)}
        other = next(n for _, n, _ in mutants(self.BUNDLE, 9, seed=0) if n != name and " and " not in n)
        gone = {**self.BUNDLE.weights, other: np.zeros_like(self.BUNDLE.weights[other])}
        same = dict(self.BUNDLE.weights)
        made = [("hardly", name, hardly), ("gone", other, gone), ("same", name, same)]
        policy = load_inventory(ROOT / "inventory.yaml").policy("bf16")
        rows = judged_alone(self.BUNDLE, self.BUNDLE.samples, policy, made)
        assert [row["outcome"] for row in rows] == ["PASS", "MISMATCH", "PASS"]
        assert [row["passed"] for row in rows][1:] == [False, False]
        assert not rows[2]["effect"], "no weight of it is another one"


def test_weights_as_they_are_initialised_let_mutants_through(tmp_path: Path) -> None:
    """So the check can fail: a last norm that starts near 0 hides all before it. Weights of bundles are calibrated."""
    made = BasicBlock()
    made.bn2.weight.data.fill_(1e-5)
    toplatform(made, tmp_path / "bundle", architecture="BasicBlock", weights="keep")
    rows = rows_of(read_bundle(tmp_path / "bundle"), FP32, 4, seed=1)
    assert any(row["passed"] for row in rows)


BUNDLE = drawn(3).bundle()


def test_each_mutant_changes_what_it_says_and_nothing_else() -> None:
    found = mutants(BUNDLE, 5, seed=0)
    assert {kind for kind, _, _ in found} == set(MUTATIONS)
    for kind, changed, weights in found:
        differing = {name for name, value in BUNDLE.weights.items() if not np.array_equal(weights[name], value)}
        assert weights.keys() == BUNDLE.weights.keys()
        assert differing == set(changed.split(" and ")), kind
        for name in differing:
            assert weights[name].shape == BUNDLE.weights[name].shape


def test_kinds_do_what_they_are_called() -> None:
    by_kind = {kind: (changed, weights) for kind, changed, weights in mutants(BUNDLE, 1, seed=2)}
    name, weights = by_kind["flipped kernel"]
    np.testing.assert_array_equal(weights[name], BUNDLE.weights[name][..., ::-1])
    name, weights = by_kind["dead channel"]
    dead = [not channel.any() for channel in weights[name]]
    assert sum(dead) == 1
    names, weights = by_kind["swapped weights"]
    one, other = names.split(" and ")
    np.testing.assert_array_equal(weights[one], BUNDLE.weights[other])


def test_the_same_seed_gives_the_same_mutants_and_another_gives_others() -> None:
    one, same, other = ([c for _, c, _ in mutants(BUNDLE, 6, seed=seed)] for seed in (1, 1, 2))
    assert one == same != other


def test_a_gate_that_is_wide_open_lets_them_pass_and_the_figures_say_so() -> None:
    open_ = replace(FP32, atol_rel=1e9, sqnr_db=-1e9, cosine=-1.0)
    rows = rows_of(BUNDLE, open_, 2, seed=0)
    found = counts(rows)
    assert found["passed"] > 0
    assert found["seen"] == 0
    assert found["mutants"] == found["passed"] + found["without_effect"] == len(rows)
    assert summary(rows).startswith(f"{len(rows)} mutants, 0 seen, {found['passed']} passed")


def test_a_network_without_kernels_has_no_mutants() -> None:
    assert mutants(replace(BUNDLE, weights={}, graphs=(replace(BUNDLE.graphs[0], nodes=()),)), 3, 0) == []


class TestZoo:
    def test_it_has_every_public_architecture_once_in_a_fixed_order_that_mixes(self) -> None:
        found = architectures()
        public = [importlib.import_module(f"models.{folder}").__all__ for folder in FOLDERS.values()]
        assert len(found) == len(set(found)) == sum(map(len, public))
        assert found == architectures()
        assert len({a.kind for a in found[:40]}) == len(FOLDERS)

    def test_names_and_keys_choose(self) -> None:
        assert architectures(["block:BasicBlock"]) == [Architecture("block", "BasicBlock")]
        assert architectures(["FPN"]) == [Architecture("neck", "FPN")]
        with pytest.raises(SystemExit, match="there is no architecture 'resnet51'"):
            architectures(["resnet51"])
