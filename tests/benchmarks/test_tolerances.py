"""The default policies follow from what was measured, by the rule; and what measuring measures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.tolerances.derive import BASES, ROOM, derived, gap_at, limits, read_rows, round_125, worst_of
from benchmarks.tolerances.document import BEGIN, END, PAGE, table, write
from benchmarks.tolerances.measure import DEVICES, LOW, error_of, in_float64, measured
from benchmarks.zoo import architectures
from farm.inventory import load_inventory
from farm.selftest.networks import drawn
from workers.judging.compare import Comparison, compare_output
from workers.outcome import Outcome
from workers.policy import Policy, Scope

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/tolerances/results.jsonl"
ROWS = read_rows(RESULTS)
KEYS = tuple(a.key for a in architectures())


class TestDefaults:
    """``inventory.yaml`` and the docs page, against the file of what was measured."""

    @pytest.mark.parametrize("name", BASES)
    def test_a_policy_of_the_inventory_has_the_numbers_that_follow(self, name: str) -> None:
        policy = load_inventory(ROOT / "inventory.yaml").policy(name)
        assert {key: getattr(policy, key) for key in derived(ROWS)[name]} == derived(ROWS)[name]
        assert policy.allowed_share == 0.0

    def test_the_page_shows_what_the_file_says(self) -> None:
        """Else: ``python -m benchmarks.tolerances --limit 0 --write``."""
        text = PAGE.read_text(encoding="utf-8")
        assert text.partition(BEGIN)[2].partition(END)[0].strip() == table(ROWS, KEYS)

    def test_networks_of_every_kind_were_measured(self) -> None:
        kinds = {row["architecture"].partition(":")[0] for row in ROWS}
        assert kinds == {"network", "backbone", "neck", "head", "attention", "block"}
        assert len({row["architecture"] for row in ROWS}) == len(ROWS) >= 60
        assert {row["architecture"] for row in ROWS} <= set(KEYS)

    @pytest.mark.parametrize("name", BASES)
    def test_what_was_measured_passes_with_room(self, name: str) -> None:
        """By the error and the SQNR alone; rounding takes something of the room."""
        basis, found = BASES[name], derived(ROWS)[name]
        for row in ROWS:
            for column in basis.columns:
                assert row[basis.judged][column]["rel"] <= found["atol_rel"] / ROOM[basis.judged] * math.sqrt(2.5)
                assert row[basis.judged][column]["sqnr_db"] >= found["sqnr_db"] + 20 * math.log10(ROOM[basis.judged])


class TestRule:
    @given(st.floats(1e-12, 1e6))
    def test_rounding_goes_to_the_nearest_step(self, value: float) -> None:
        step = round_125(value)
        assert float(f"{step:e}".partition("e")[0]) in (1, 2, 5)
        assert 1 / math.sqrt(2.5) * 0.999 <= step / value <= math.sqrt(2.5) * 1.001

    @pytest.mark.parametrize(("value", "step"), [(1e-3, 1e-3), (3e-4, 2e-4), (3.3e-4, 5e-4), (8e-4, 1e-3), (1.4, 1.0)])
    def test_examples(self, value: float, step: float) -> None:
        assert round_125(value) == step

    @pytest.mark.parametrize("sqnr_db", [-5.0, 10.0, 75.0, 99.0, 101.0, 140.0])
    def test_the_gap_is_what_noise_beside_the_signal_takes_from_the_cosine(self, sqnr_db: float) -> None:
        noise = 10 ** (-sqnr_db / 20)
        assert gap_at(sqnr_db) == pytest.approx(1 - 1 / math.hypot(1, noise), rel=1e-2, abs=1e-15)

    def test_a_policy_by_hand(self) -> None:
        def row(rel: float, sqnr_db: float) -> dict[str, Any]:
            return {"outputs": {name: {"rel": rel, "sqnr_db": sqnr_db} for name in ("torch", "default", "exact")}}

        rows = [row(1e-6, 120.0), row(1.9e-5, 98.0)]
        assert limits(rows, BASES["fp32"]) == {
            "precision": "float32",
            "judged": "outputs",
            "atol_rel": 5e-5,
            "rtol": 2.5e-5,
            "sqnr_db": 85,
            "cosine": 0.99999999,
        }

    def test_without_rows_nothing_follows(self, tmp_path: Path) -> None:
        assert derived(read_rows(tmp_path / "none.jsonl")) == {}
        assert table([], KEYS) == "nothing was measured"


class TestMeasuring:
    BUNDLE = drawn(5).bundle()

    def test_float64_is_closer_to_the_truth_than_float32_is(self) -> None:
        """The golden outputs of these networks are the plain kernels' in float32."""
        sample = self.BUNDLE.samples[0]
        exact = in_float64(self.BUNDLE, sample)
        assert {value.dtype for value in exact.values()} == {np.dtype(np.float64)}
        assert 1e-9 < error_of(sample.outputs, exact).rel < 1e-5

    def test_a_row_has_every_device_and_its_errors_rank_as_the_precisions_do(self) -> None:
        row = measured("network:drawn", self.BUNDLE)
        assert row["architecture"] == "network:drawn"
        assert row["outputs"].keys() == {"torch", *DEVICES}
        assert row["layers"].keys() == set(LOW)
        for part in ("outputs", "layers"):
            assert row[part]["fp16 storage"]["rel"] < row[part]["bf16 storage"]["rel"]
            assert row[part]["fp16 storage"]["rel"] <= row[part]["fp16"]["rel"] < 0.01
        assert row["outputs"]["default"]["rel"] < 1e-5 < row["outputs"]["fp16"]["rel"]
        assert row["layers"]["bf16 storage"]["where"]

    def test_the_error_is_the_comparisons(self) -> None:
        sample = self.BUNDLE.samples[0]
        value = {name: golden * np.float32(1.001) for name, golden in sample.outputs.items()}
        found = error_of(value, sample.outputs)
        policy = Policy("p", 1, "float32", 2e-3, 0.0, 0.0, -1.0, judged=Scope.OUTPUTS)
        compared: list[Comparison] = [compare_output(n, value[n], sample.outputs[n], policy) for n in value]
        assert {c.outcome for c in compared} == {Outcome.PASS}
        assert found.rel == max(t.max_rel_error for c in compared for t in c.tensors)
        assert found.sqnr_db == min(t.sqnr_db for c in compared for t in c.tensors)


def test_the_table_says_what_was_not_measured_and_how_near_the_worst_is() -> None:
    measured_ = [row["architecture"] for row in ROWS]
    text = table(ROWS, [*measured_, "network:other", "neck:this", "neck:that"])
    assert text.startswith(f"{len(ROWS)} of {len(ROWS) + 3} architectures")
    assert text.endswith("Not measured yet: network other; neck this, that.")
    assert table(ROWS, measured_).endswith("Not measured yet: none.")
    (line,) = [line for line in text.splitlines() if line.startswith("| `fp32` |")]
    worst, found = worst_of(ROWS, BASES["fp32"]), limits(ROWS, BASES["fp32"])
    assert f"{worst.rel / found['atol_rel']:.0%} of `atol_rel`, {worst.sqnr_db - found['sqnr_db']:.1f} dB above" in line


def test_the_table_is_put_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(ROWS, KEYS, page)
    assert page.read_text() == f"before\n{BEGIN}\n\n{table(ROWS, KEYS)}\n\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="has no"):
        write(ROWS, KEYS, page)
