"""The table as a reader uses it: filters, what cells say, the size of a large one."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

import pytest
from starlette.testclient import TestClient

from farm.states.cell import Cell, Resolution
from farm.states.verdict import Provenance, Verdict
from farm.table.table import KIND_ORDER, Change, Row, Table
from farm.web.app import create_app
from farm.web.page import Page
from farm.web.pages import PAGES
from tests.farm.values import replace
from tests.farm.web.conftest import Pages, settings_of
from tests.farm.web.test_matrix import CHANGE
from tests.farm.web.validity import parse
from workers.outcome import Outcome

#: What a page of 500 architectures and 20 devices may have.
LARGEST = 1_000_000


def cells(page: Element) -> dict[tuple[str, str], str]:
    """The text of each cell, by architecture and device."""
    (table,) = [t for t in page.iter("table") if t.get("class") == "matrix"]
    heads = [" ".join(th.itertext()).split() for th in table.iterfind("thead/tr/th")]
    names = [words[0] for words in heads]
    found = {}
    for line in table.iterfind("tbody/tr"):
        texts = [" ".join(" ".join(part.itertext()).split()) for part in line]
        if len(texts) == len(names):
            (name,) = [text for text, part in zip(texts, line, strict=True) if part.tag == "th"]
            found |= {(name, head): text for head, text in zip(names, texts, strict=True)}
    return found


def test_every_cell_says_its_verdict_and_how_it_is_known(changed: Pages) -> None:
    now = cells(parse(changed.html("/")))
    assert now["tiny", "numpy"] == "SUPPORTED 0.400, inherited"
    assert {name for name, _ in now} == {"tiny", "wide", "Block"}
    assert now["tiny", "last"].startswith(changed.farm.scratch.git("rev-parse", "HEAD")[:10])
    before = cells(parse(changed.html("/table", commit="HEAD~1")))
    assert re.fullmatch(r"FAILED MISMATCH regression \d+", before["tiny", "exact"])
    assert before["wide", "exact"] == "SUPPORTED 0.400, inherited"


@pytest.mark.parametrize(
    ("query", "rows", "devices"),
    [
        ({}, {"tiny", "wide", "Block"}, {"numpy", "exact"}),
        ({"kind": "block"}, {"Block"}, {"numpy", "exact"}),
        ({"name": "TI* wi?e"}, {"tiny", "wide"}, {"numpy", "exact"}),
        ({"verdict": "failed", "device": "exact"}, {"tiny", "Block"}, {"exact"}),
        ({"verdict": ["UNSUPPORTED", "FLAKY"], "name": ""}, set(), set()),
        ({"tested": "1", "kind": ["network", "neck"]}, {"tiny", "wide"}, {"numpy", "exact"}),
    ],
)
def test_filters_stand_in_the_url_and_in_the_form(
    changed: Pages, query: dict[str, str | list[str]], rows: set[str], devices: set[str]
) -> None:
    page = parse(changed.html("/table", commit="HEAD~1", **query))
    found = cells(page)
    assert {name for name, _ in found} == rows
    assert {column for _, column in found} & {"numpy", "exact"} == devices
    ticked = {(e.get("name"), e.get("value")) for e in page.iter("input") if e.get("checked") is not None}
    for name in ("kind", "device"):
        given = query.get(name, [])
        assert {value for field, value in ticked if field == name} == set([given] if isinstance(given, str) else given)


def test_a_pattern_that_fits_nothing_is_said_beside_the_form(pages: Pages) -> None:
    answered = pages.client.get("/?name=tny&tested=1")
    assert answered.status_code == 422
    page = parse(answered.text)
    (alert,) = [e for e in page.iter() if e.get("role") == "alert"]
    assert "did you mean tiny" in "".join(alert.itertext())
    assert not cells(page)
    assert re.search(r"\b0 of \d+ architectures", answered.text)
    assert "tny" in {e.get("value") for e in page.iter("input")}


def test_the_cells_of_each_verdict_are_counted_and_lead_to_their_rows(changed: Pages) -> None:
    page = parse(changed.html("/table", commit="HEAD~1"))
    (legend,) = [e for e in page.iter("ul") if e.get("class") == "legend"]
    counts = dict("".join(item.itertext()).split() for item in legend)
    assert counts == {
        "SUPPORTED": "2",
        "PARTIAL": "0",
        "UNSUPPORTED": "0",
        "FAILED": "4",
        "NO_VERDICT": "0",
        "MISSING": "0",
    }
    (failed,) = [e.get("href") for e in legend.iter("a") if e.text == "FAILED"]
    assert failed is not None
    assert {name for name, _ in cells(parse(changed.html(f"/table/{failed}")))} == {"tiny", "Block"}
    narrower = parse(changed.html("/table", commit="HEAD~1", kind="block", device="exact"))
    (link,) = [e.get("href") for e in narrower.iter("a") if e.text == "FAILED" and "verdict=" in e.get("href", "")]
    assert set(cells(parse(changed.html(f"/table/{link}")))) >= {("Block", "exact")}
    assert not {("Block", "numpy"), ("tiny", "exact")} & set(cells(parse(changed.html(f"/table/{link}"))))


def test_a_table_leads_to_what_changed_since_the_commit_before(changed: Pages) -> None:
    newest, middle, first = changed.farm.scratch.git("rev-list", "HEAD").split()
    page = parse(changed.html(f"/table/{newest}"))
    (link,) = [e.get("href") for e in page.iter("a") if (e.text or "").startswith("what changed")]
    assert link == f"../diff/{middle}/{newest}"
    assert "what changed" not in changed.html(f"/table/{first}")


def test_a_table_of_ten_thousand_cells_is_less_than_a_megabyte(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = pages.farm.scratch.git("rev-parse", "HEAD")
    monkeypatch.setattr("farm.web.pages.table.build_table", lambda *_: large(commit))
    details = {"attempt": "{attempt}", "architecture": "{kind}/{name}", "device": "{name}"}
    more = [Page(name, f"{name}/{rest}", lambda _view, **_: "") for name, rest in details.items()]
    client = TestClient(create_app(settings_of(pages.farm.scratch.root), (*PAGES, *more)))
    for path in ("/", f"/table/{commit}"):
        text = client.get(path).text
        assert len(re.findall(r"<td class=[sf]><a href=[./]*attempt/0123456789ab>", text)) == 10_000
        assert len(text.encode()) < LARGEST


def large(commit: str) -> Table:
    """500 architectures on 20 devices; most cells are inherited, as most are."""
    passed = Cell(
        "x",
        Verdict.SUPPORTED,
        Provenance.INHERITED,
        Outcome.PASS,
        resolutions=(Resolution("224x224", Outcome.PASS, 1e-5, 110.0, 0.98, 4.0, ""),),
        attempt="0123456789abcdef0123456789abcdef",
    )
    failed = replace(passed, verdict=Verdict.FAILED, outcome=Outcome.OUT_OF_MEMORY)
    devices = tuple(f"device_{n:02}" for n in range(20))
    layers = ("BatchNorm2d", "Conv2d", "Dropout", "Hardswish", "Linear")
    rows = []
    for n, kind in zip(range(500), KIND_ORDER * 90, strict=False):
        shown = {d: replace(failed if (n + i) % 8 == 0 else passed, device=d) for i, d in enumerate(devices)}
        parts = {"backbone": "MobileNetV3Large", "head": "ClassificationHead"} if kind == "network" else {}
        name, file = f"efficientnet_{kind}_{n}", f"models/{kind}/family_{n // 12}.py"
        rows.append(Row(name, kind, parts, layers, Change(commit, CHANGE.date), True, "", shown, file))
    return Table(commit, devices, tuple(rows))


def test_a_column_that_nothing_stands_in_is_marked_so_that_it_takes_no_room_in_a_narrow_window(pages: Pages) -> None:
    def marked(**query: str) -> set[str | None]:
        page = parse(pages.html("/", **query))
        return {(e.text or "").strip() for e in page.iter("th") if e.get("class") == "e"}

    assert marked() == {"backbone", "neck", "head/decoder"}
    assert marked(kind="block") == marked()
    assert marked(kind="neck") == {"network", "backbone", "neck", "head/decoder"}
