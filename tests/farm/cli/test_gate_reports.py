"""The gate as Markdown and as a document: one line that says it all, ten rows, and nothing that escapes its cell."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given, settings

from farm.cli.gate_reports import MARKER, ROWS, as_markdown, gate_document
from farm.gating.judgement import FailOn, Gate, judge
from farm.gating.links import PageLinks
from farm.gating.words import shown
from farm.states.cell import Cell
from farm.states.verdict import Verdict
from tests.farm.gating.gates import ABSENT, BAD, BASE, COMMIT, GOOD, gate, gates, row, table, unbased
from workers.outcome import Outcome

NO_LINKS = PageLinks(None)
ON = FailOn.REGRESSION


def many(n: int) -> Gate:
    names = [f"net{i:02}" for i in range(n)]
    old, new = (table(c, *(row(n, {"numpy": each}) for n in names)) for c, each in ((BASE, GOOD), (COMMIT, BAD)))
    return judge(old, new, BASE, ())


def test_the_summary_stands_first_and_ten_rows_below() -> None:
    lines = as_markdown(many(12), ON, NO_LINKS).splitlines()
    assert lines[:4] == [MARKER, "**✗ farm gate failed: 12 regressions**", "", f"`{COMMIT} against {BASE}`"]
    assert lines[5] == "| change | kind | architecture | device | before | after | why |"
    assert lines[7] == "| regression | network | net00 | numpy | ✓ SUPPORTED | ✗ FAILED (MISMATCH) | `device stack` |"
    assert len([line for line in lines if line.startswith("| regression")]) == ROWS
    assert lines[-1] == f"and 2 more: `farm gate {COMMIT}` lists them"
    assert "more" not in as_markdown(many(ROWS), ON, NO_LINKS)


def test_what_is_good_or_failed_before_is_counted_and_not_listed() -> None:
    old = table(BASE, row("a", {"numpy": BAD}), row("b", {"numpy": GOOD}))
    made = judge(old, replace(old, commit=COMMIT), BASE, ())
    assert as_markdown(made, ON, NO_LINKS).splitlines()[1:] == [
        "**✓ farm gate passed: 1 fails already, 1 good**",
        "",
        f"`{COMMIT} against {BASE}`",
    ]


def test_what_is_to_be_known_of_the_base_is_said() -> None:
    text = as_markdown(unbased(BAD), ON, NO_LINKS)
    assert "**? farm gate cannot tell: 1 undecided**" in text
    assert f"⚠ the base {BASE[:10]} was never tested" in text


def test_links_lead_to_the_pages() -> None:
    links = PageLinks("https://farm.example.org/pages/")
    text = as_markdown(gate(GOOD, BAD), ON, links)
    assert f"(https://farm.example.org/pages/diff/{BASE}/{COMMIT})" in text
    assert f"| [net](https://farm.example.org/pages/table/{COMMIT}?kind=network&name=net) |" in text
    assert f"(https://farm.example.org/pages/table/{COMMIT})" in as_markdown(unbased(BAD), ON, links)


def test_what_a_host_says_neither_ends_its_cell_nor_calls_anybody() -> None:
    hostile = "a|b `c` @ada ![x](http://y)\n| d"
    bad = Cell("numpy", Verdict.FAILED, GOOD.provenance, Outcome.CRASH, "unknown", hostile)
    (line,) = [li for li in as_markdown(gate(GOOD, bad), ON, NO_LINKS).splitlines() if "regression |" in li]
    assert line.endswith("| `unknown: a¦b 'c' @ada ![x](http://y) ¦ d` |")


@settings(max_examples=40)
@given(gates())
def test_every_table_is_one(made: Gate) -> None:
    lines = as_markdown(made, ON, PageLinks("https://x")).split("\n")
    found = [line for line in lines if line.startswith("|")]
    assert len(found) == (2 + min(ROWS, len(shown(made))) if shown(made) else 0)
    for line in found:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 8


@settings(max_examples=40)
@given(gates())
def test_the_document_has_every_cell(made: Gate) -> None:
    document = json.loads(json.dumps(gate_document(made, ON), default=str))
    assert list(document) == ["commit", "base", "fail_on", "conclusion", "exit_code", "notes", "counts", "judged"]
    assert sum(document["counts"].values()) == len(document["judged"]) == len(made.judged)
    assert document["exit_code"] == made.exit_code(ON)


def test_nothing_selected_is_nothing_to_judge() -> None:
    made = judge(table(BASE, row("a", {"numpy": GOOD}, selected=False)), table(COMMIT), BASE, ())
    assert "**✓ farm gate passed: nothing to judge**" in as_markdown(made, ON, NO_LINKS)
    assert gate_document(gate(GOOD, ABSENT), ON)["judged"][0]["reason"] == "not tested"
