"""The zoo on one device: a row for each architecture, and their sum."""

import json

import pytest

from benchmarks.devices import main, summary


def test_each_architecture_is_a_line_and_the_last_one_sums_up(capsys: pytest.CaptureFixture[str]) -> None:
    main(["numpy", "--profile", '{"missing_ops": ["sigmoid"]}', "--names", "block:BasicBlock", "attention:CBAM"])
    *rows, last = map(json.loads, capsys.readouterr().out.splitlines())
    found = {row["architecture"]: (row["outcome"], row["unsupported"]) for row in rows}
    assert found == {"block:BasicBlock": ("PASS", []), "attention:CBAM": ("UNSUPPORTED_OP", ["sigmoid"])}
    assert last["outcomes"] == {"PASS": 1, "UNSUPPORTED_OP": 1}
    assert last["smallest_margin"]["architecture"] == "block:BasicBlock"


def test_the_smallest_margin_is_of_a_pass() -> None:
    rows = [
        {"architecture": "a", "outcome": "PASS", "margin": 0.9, "asking_s": 1.0},
        {"architecture": "b", "outcome": "PASS", "margin": 0.3, "asking_s": 2.0},
        {"architecture": "c", "outcome": "MISMATCH", "margin": -4.0, "asking_s": 0.5},
        {"architecture": "d", "outcome": "UNSUPPORTED_OP", "margin": None, "asking_s": 0.5},
    ]
    made = summary(rows)
    assert (made["smallest_margin"], made["asking_s"]) == ({"architecture": "b", "margin": 0.3}, 2.0)
    assert summary([])["smallest_margin"] is None
