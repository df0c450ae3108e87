"""The JUnit report: what its readers accept, and each cell under the element of who is to blame."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from farm.gating.judgement import Finding, Gate
from farm.gating.junit import as_junit
from farm.states.cell import Cell
from farm.states.verdict import FAILURES, Verdict
from farm.table.diff import has_result
from tests.farm.gating.gates import ABSENT, BAD, DATE, GOOD, LACKS, NONE, PARTLY, cell, gate, gates
from workers.outcome import Outcome

#: Of Jenkins' ``junit-10.xsd``: attributes that each element may have, those that it must, and what it may contain.
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "disabled"}, set(), {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        },
        {"name", "tests"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    "testcase": (
        {"name", "assertions", "time", "classname", "status"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "skipped": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
    "failure": ({"type", "message"}, set(), set()),
}


def check(element: ElementTree.Element) -> None:
    allowed, needed, children = SCHEMA[element.tag]
    assert needed <= set(element.attrib) <= allowed
    assert {child.tag for child in element} <= children
    assert element.tag != "properties" or len(element)
    for child in element:
        check(child)


def only(made: Gate) -> ElementTree.Element:
    (case,) = ElementTree.fromstring(as_junit(made, DATE)).iter("testcase")
    return case


@pytest.mark.parametrize(
    ("before", "after", "end"),
    [
        (GOOD, GOOD, None),
        (GOOD, BAD, "failure"),
        (BAD, BAD, "failure"),
        (GOOD, cell(PARTLY, outcome=Outcome.MISMATCH), "failure"),
        (GOOD, ABSENT, "failure"),
        (GOOD, cell(LACKS, outcome=Outcome.UNSUPPORTED_OP), "failure"),
        (GOOD, cell(NONE, outcome=Outcome.INFRA_ERROR), "error"),
        (GOOD, cell(NONE, outcome=Outcome.HARNESS_ERROR), "error"),
        (ABSENT, ABSENT, "error"),
        (cell(LACKS), cell(LACKS, outcome=Outcome.UNSUPPORTED_OP), "skipped"),
        (GOOD, cell(NONE, outcome=Outcome.SKIPPED), "skipped"),
    ],
)
def test_who_is_to_blame(before: Cell, after: Cell, end: str | None) -> None:
    case = only(gate(before, after))
    assert [child.tag for child in case] == ([end] if end else [])
    assert (case.get("classname"), case.get("name")) == ("numpy.network", "net")


def test_what_a_known_issue_excuses_is_skipped_with_it() -> None:
    (skipped,) = only(gate(GOOD, BAD, {("network", "net", "numpy"): "#12"}))
    assert (skipped.tag, skipped.get("message")) == ("skipped", "known issue: #12")


def test_markup_and_what_xml_cannot_write_stay_in_their_place() -> None:
    hostile = '</failure><x a="1">&amp; ]]>\x00\x1b[31m\x0b\ud800\uffff\n"'
    (failure,) = only(gate(GOOD, Cell("numpy", Verdict.FAILED, GOOD.provenance, Outcome.CRASH, "unknown", hostile)))
    kept = '</failure><x a="1">&amp; ]]>\ufffd\ufffd[31m\ufffd\ufffd\ufffd\n"'
    assert failure.get("message") == f"regression: unknown: {kept}"


@settings(max_examples=40)
@given(gates())
def test_every_report_is_what_its_readers_accept(made: Gate) -> None:
    text = as_junit(made, DATE)
    text.encode("utf-8")  # no lone surrogate
    root = ElementTree.fromstring(text)
    check(root)
    cases = list(root.iter("testcase"))
    assert len(cases) == len(made.judged) == int(root.get("tests", ""))
    for suite in root:
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(list(suite.iter(tag)))
        assert int(suite.get("tests", "")) == len(list(suite.iter("testcase")))
    ends = sorted(child.tag for case in cases for child in case)
    bad = [
        e for e in made.judged if e.finding is not Finding.EXCUSED and has_result(e.cell) and e.cell.verdict in FAILURES
    ]
    assert ends.count("failure") >= len(bad)
    assert ends.count("error") == made.counts[Finding.NO_RESULT]
