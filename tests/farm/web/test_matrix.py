"""How the table is laid out: every row once, by kind and family; what cells say, and what they add up to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.conditions.infer import Condition
from farm.states.cell import Cell, Resolution
from farm.states.prediction import Prediction
from farm.states.verdict import Provenance, Verdict
from farm.table.table import KIND_ORDER, Change, Row, Table
from farm.web.links import Links
from farm.web.matrix import OTHERS, CellWriter, by_kind, count, note
from tests.farm.values import replace
from workers.outcome import Outcome

CHANGE = Change("c1", datetime(2026, 1, 1, tzinfo=UTC))
PASSED = Cell("numpy", Verdict.SUPPORTED, Provenance.OBSERVED, Outcome.PASS, attempt="0123456789abcdef")

FITS = Condition("fails unless W % 8 == 0", True, 5, 4)


def row(name: str, kind: str = "network", family: str = "resnet", **cells: Cell) -> Row:
    return Row(name, kind, {}, (), CHANGE, True, "", cells, f"models/networks/{family}.py")


def resolution(outcome: Outcome = Outcome.PASS, margin: float | None = None) -> Resolution:
    return Resolution("8x8", outcome, None, None, margin, None, "")


ROWS = st.lists(
    st.builds(row, st.text("abc", min_size=1, max_size=3), st.sampled_from(KIND_ORDER), st.sampled_from("xyz")),
    unique_by=lambda r: (r.kind, r.name),
    max_size=20,
)


@given(ROWS)
def test_every_row_stands_once_in_the_group_of_its_kind(rows: list[Row]) -> None:
    kinds = by_kind(rows)
    assert sorted((r.kind, r.name) for k in kinds for f in k.families for r in f.rows) == sorted(
        (r.kind, r.name) for r in rows
    )
    assert [k.name for k in kinds] == [kind for kind in KIND_ORDER if any(r.kind == kind for r in rows)]
    for kind in kinds:
        assert {r.kind for f in kind.families for r in f.rows} == {kind.name}
        for family in kind.families:
            if family.name not in ("", OTHERS):
                assert {r.family for r in family.rows} == {family.name}
                assert len(family.rows) > 1


def test_the_only_ones_of_their_family_stand_together_at_the_end() -> None:
    rows = [row("vgg16", family="vgg"), row("resnet18"), row("enet", family="enet"), row("resnet34")]
    (networks,) = by_kind(rows)
    assert [(f.name, [r.name for r in f.rows]) for f in networks.families] == [
        ("resnet", ["resnet18", "resnet34"]),
        (OTHERS, ["enet", "vgg16"]),
    ]


def test_a_kind_of_one_group_needs_no_name_for_it() -> None:
    assert [f.name for f in by_kind([row("resnet18"), row("resnet34")])[0].families] == [""]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (PASSED, ""),
        (replace(PASSED, resolutions=(resolution(margin=0.98765),)), "0.988"),
        (replace(PASSED, provenance=Provenance.INHERITED, resolutions=(resolution(margin=0.5),)), "0.500, inherited"),
        (replace(PASSED, verdict=Verdict.FAILED, outcome=Outcome.MISMATCH), "MISMATCH"),
        (replace(PASSED, verdict=Verdict.UNSUPPORTED, unsupported=("gelu", "erf")), "gelu +1"),
        (
            replace(PASSED, verdict=Verdict.PARTIAL, resolutions=(resolution(), resolution(Outcome.MISMATCH))),
            "1 of 2 sizes",
        ),
        (
            replace(PASSED, verdict=Verdict.PARTIAL, condition=FITS, resolutions=(resolution(),)),
            "fails unless W % 8 == 0",
        ),
        (
            replace(PASSED, verdict=Verdict.PARTIAL, condition=replace(FITS, fits=False), resolutions=(resolution(),)),
            "1 of 1 sizes",
        ),
        (Cell("numpy", Verdict.MISSING, Provenance.NEVER), ""),
        (Cell("numpy", Verdict.MISSING, Provenance.NEVER, state="queued"), "queued"),
        (
            Cell("numpy", Verdict.MISSING, Provenance.PREDICTED, prediction=Prediction(0.873, (), (), 9)),
            "predicted 87 %",
        ),
    ],
)
def test_a_cell_says_what_is_not_usual(cell: Cell, said: str) -> None:
    assert note(cell) == said


def test_a_cell_is_linked_to_its_attempt_where_there_is_a_page_of_it() -> None:
    links = Links({"attempt": "attempt/{attempt}"}, "table/c1")
    assert (
        CellWriter(links, {})(row("net", numpy=PASSED)) == "<td class=s><a href=../attempt/0123456789ab>SUPPORTED</a>"
    )
    assert CellWriter(Links({}, "table/c1"), {})(row("net", numpy=PASSED)) == "<td class=s><b>SUPPORTED</b>"
    exported = Links({"attempt": "attempt/{attempt}"}, "table/c1", exported={"attempt/0123456789ab"})
    assert CellWriter(exported, {})(row("net", numpy=PASSED)) == (
        "<td class=s><a href=../attempt/0123456789ab.html>SUPPORTED</a>"
    )
    left_out = Links({"attempt": "attempt/{attempt}"}, "table/c1", exported={"table/c1"})
    assert CellWriter(left_out, {})(row("net", numpy=PASSED)) == "<td class=s><b>SUPPORTED</b>"


def test_what_a_cell_says_cannot_be_markup() -> None:
    hostile = Cell("numpy", Verdict.UNSUPPORTED, Provenance.OBSERVED, unsupported=("<script>",), attempt="x y>'\"")
    shown = CellWriter(Links({"attempt": "attempt/{attempt}"}), {})(row("net", numpy=hostile))
    assert "<script>" not in shown
    assert shown.startswith("<td class=u><a href=attempt/x%20y%3E%27%22>UNSUPPORTED</a>")


def test_cells_add_up_by_device() -> None:
    failed = replace(PASSED, verdict=Verdict.FAILED)
    missing = Cell("torch", Verdict.MISSING, Provenance.NEVER)
    rows = (row("a", numpy=PASSED, torch=missing), row("b", numpy=failed, torch=PASSED))
    numpy, torch = count(Table("c1", ("numpy", "torch"), rows))
    assert (numpy.counts[Verdict.SUPPORTED], numpy.counts[Verdict.FAILED], numpy.tested, numpy.cells) == (1, 1, 2, 2)
    assert (torch.tested, torch.bar) == (1, (("s", 0.0, 50.0), ("m", 50.0, 50.0)))


def test_a_cell_that_fails_leads_to_its_regression() -> None:
    links = Links({"regression": "regression/{number}"}, "table/c1")
    known = {("network", "net", "numpy"): 12, ("network", "net", "torch"): 13}
    failed = replace(PASSED, verdict=Verdict.FAILED, outcome=Outcome.MISMATCH, attempt=None)
    shown = CellWriter(links, known)(row("net", numpy=failed, torch=replace(PASSED, device="torch", attempt=None)))
    assert shown == (
        "<td class=f><b>FAILED</b>MISMATCH <a href=../regression/12>regression 12</a><td class=s><b>SUPPORTED</b>"
    )
    assert "regression" not in CellWriter(Links({}), known)(row("net", numpy=failed))
