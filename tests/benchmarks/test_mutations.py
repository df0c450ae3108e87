"""Wrong weights under the fp32 policy: none passes, over a few small networks of different families."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.mutations.__main__ import counts, summary
from benchmarks.mutations.judge import rows_of
from benchmarks.mutations.mutate import MUTATIONS, mutants
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
    ((key, bundle),) = bundles([architecture])
    rows = rows_of(key.key, bundle, FP32, 4, seed=1)
    assert [row for row in rows if row["passed"]] == []
    assert sum(row["effect"] for row in rows) >= 0.8 * len(rows) > 0
    assert {row["kind"] for row in rows} <= MUTATIONS.keys()


def test_weights_as_they_are_initialised_let_mutants_through(tmp_path: Path) -> None:
    """So the check can fail: a last norm that starts near 0 hides all before it. Weights of bundles are calibrated."""
    made = BasicBlock()
    made.bn2.weight.data.fill_(1e-5)
    toplatform(made, tmp_path / "bundle", architecture="BasicBlock", weights="keep")
    rows = rows_of("block:BasicBlock", read_bundle(tmp_path / "bundle"), FP32, 4, seed=1)
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
    rows = rows_of("network:drawn", BUNDLE, open_, 2, seed=0)
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
