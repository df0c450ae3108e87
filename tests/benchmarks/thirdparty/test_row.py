"""Rows as lines, and what the device's report adds."""

import json

import pytest

from benchmarks.thirdparty.row import Row, judged, read_rows
from tests.benchmarks.thirdparty.rows import PASSED, REFUSED, write_rows
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, Stage, TensorError


def test_lines_come_back_as_rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    assert read_rows(path) == {}
    write_rows(path, [PASSED, REFUSED])
    assert read_rows(path) == {row.architecture: row for row in (PASSED, REFUSED)}
    assert all(json.loads(line)["architecture"] for line in path.read_text().splitlines())


def test_the_last_row_of_a_network_counts(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_rows(path, [Row(PASSED.architecture, "CONVERT_FAILED"), REFUSED, PASSED])
    assert read_rows(path)[PASSED.architecture] == PASSED


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_pass_passes(outcome):
    assert Row("a:b", outcome.value).passed == (outcome in (Outcome.PASS, Outcome.PASS_FALLBACK))


def test_the_figures_are_the_worst_of_all_samples_and_outputs():
    def error(name, rel, sqnr, margin):
        return TensorError(name, 1.0, rel, sqnr, 1.0, 0.0, margin)

    cases = (
        CaseReport("8x8", Outcome.PASS, tensors=(error("a", 1e-6, 120.0, 0.5), error("b", 3e-6, 110.0, 0.9))),
        CaseReport("9x9", Outcome.PASS, tensors=(error("a", 2e-6, 130.0, 0.7),)),
    )
    report = AttemptReport(
        Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, "bundle", "nonce", {"blas": "Haswell"}, cases=cases
    )
    row = judged(Row("a:b", "CONVERT_FAILED", nodes=3, versions={"torch": "2"}), report, 1.234)
    assert (row.outcome, row.max_rel_error, row.sqnr_db, row.margin) == ("PASS", 3e-6, 110.0, 0.5)
    assert (row.nodes, row.replay_s, row.versions) == (3, 1.23, {"torch": "2", "blas": "Haswell"})
    lost = AttemptReport(Outcome.CRASH, Cause.DEVICE_STACK, "died", Stage.RUN, "", "")
    row = judged(Row("a:b", "CONVERT_FAILED"), lost, 1.0)
    assert (row.outcome, row.reason, row.max_rel_error) == ("CRASH", "died", None)
