"""The gate as JUnit XML, for whatever shows test reports: a suite for each device type, a case for each architecture.

``failure`` is the product's: a bad result, or one that is gone. ``error`` is the farm's: infra, harness, or not done.
``skipped`` is what a device does not support, and what a known issue excuses. The elements and attributes are those of Jenkins'
``junit-10.xsd``, which the readers of GitHub and GitLab take a part of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from xml.etree import ElementTree

from farm.gating.judgement import Finding, Gate, Judged
from farm.gating.words import reason
from farm.states.verdict import FAILURES, Verdict

#: What XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Letters of a message: a report is looked at whole.
MESSAGE_KEPT = 1000


def as_junit(gate: Gate, at: datetime) -> str:
    """The report, made ``at``."""
    root = ElementTree.Element("testsuites", name="farm")
    totals: Counter[str] = Counter()
    for device in dict.fromkeys(each.device for each in gate.judged):
        cells = [each for each in gate.judged if each.device == device]
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(device), timestamp=f"{at:%Y-%m-%dT%H:%M:%S}")
        _properties(suite, gate)
        ends = Counter(_case(suite, each) for each in cells)
        _count(suite, len(cells), ends)
        totals.update({"tests": len(cells), **ends})
    _count(root, totals["tests"], totals)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _properties(suite: ElementTree.Element, gate: Gate) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("commit", gate.commit), ("base", gate.base)):
        if value is not None:
            ElementTree.SubElement(properties, "property", name=name, value=_clean(value))


def _count(element: ElementTree.Element, tests: int, ends: Counter[str]) -> None:
    element.set("tests", str(tests))
    element.set("failures", str(ends["failure"]))
    element.set("errors", str(ends["error"]))
    if element.tag == "testsuite":
        element.set("skipped", str(ends["skipped"]))


def _case(suite: ElementTree.Element, judged: Judged) -> str:
    """Add a case; how it ended."""
    row, cell = judged.row, judged.cell
    latency_s = (cell.latency_ms or 0.0) / 1000
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(f"{judged.device}.{row.kind}"),
        name=_clean(row.name),
        time=f"{latency_s:.6f}",
    )
    end = _end(judged)
    if end:
        said = reason(judged)
        message = f"{judged.finding}: {said}" if said and not judged.why else said or judged.finding
        attributes = {"message": _clean(message)[:MESSAGE_KEPT]}
        if end != "skipped":
            attributes["type"] = cell.outcome.value if cell.outcome else cell.verdict.value
        element = ElementTree.SubElement(case, end, attributes)
        element.text = _clean("\n".join(_details(judged)))
    return end or "good"


def _end(judged: Judged) -> str:
    """The element of a case, none where it is good."""
    if judged.finding is Finding.EXCUSED:
        return "skipped"
    if judged.finding is Finding.NO_RESULT:
        return "error"
    if judged.finding is Finding.REGRESSION or judged.cell.verdict in FAILURES:
        return "failure"
    return "skipped" if judged.cell.verdict in (Verdict.UNSUPPORTED, Verdict.NO_VERDICT) else ""


def _details(judged: Judged) -> Iterable[str]:
    cell = judged.cell
    before = f"{judged.before.verdict} ({judged.before.provenance})" if judged.before else "absent"
    yield f"base: {before}"
    yield f"now: {cell.verdict} ({cell.provenance})"
    for each in cell.resolutions:
        yield f"{each.sample}: {each.outcome}" + (f": {each.message}" if each.message else "")
    if layer := cell.first_divergent_layer:
        yield f"first divergent layer: {layer.module or '(root)'} ({layer.op}), error {layer.error:.2g}"
    if cell.attempt:
        yield f"attempt {cell.attempt} on unit {cell.unit}"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
