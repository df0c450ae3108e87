"""Tables for people: symbol and word, plain where nobody asked for colour, nothing interpreted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from farm.cli import render
from farm.conditions.infer import NONE_FITS, UNDER_WAY, Condition
from farm.states.cell import Cell, Layer, Resolution
from farm.states.prediction import Prediction
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Change, Row, Table
from farm.words import SYMBOLS
from tests.farm.cli.conftest import Terminal
from tests.farm.values import replace
from workers.outcome import Outcome

GOOD = Resolution("224x224", Outcome.PASS, 1.25e-6, 110.04, 0.41, 3.04, "")
SUPPORTED = Cell(
    "numpy", Verdict.SUPPORTED, Provenance.OBSERVED, Outcome.PASS, "unknown", resolutions=(GOOD,), attempt="a1"
)
FAILED = Cell(
    "exact",
    Verdict.FAILED,
    Provenance.OBSERVED,
    Outcome.MISMATCH,
    "device stack",
    "1 of 3 samples differ",
    resolutions=(
        replace(GOOD, outcome=Outcome.MISMATCH, margin=-2.0),
        Resolution("9x9", Outcome.PRECLUDED, *[None] * 4, ""),
    ),
    first_divergent_layer=Layer(
        "v3",
        "conv2d",
        "layer1.0.conv1",
        0.2,
        True,
        "Conv2d",
        local_error=0.25,
        inherited_error=1e-6,
        signature="conv2d(float32[1, 3, 8, 8], float32[4, 3, 3, 3])",
    ),
)
PREDICTED = Cell(
    "board",
    Verdict.MISSING,
    Provenance.PREDICTED,
    prediction=Prediction(0.034, (("gelu", 0.02), ("conv2d: depthwise", 0.4)), ("erf",), 12),
)
DATE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = Row(
    name="resnet50",
    kind="network",
    parts={"backbone": "ResNet50"},
    layers=("Conv2d", "Linear"),
    last_change=Change("0123456789abcdef", DATE),
    selected=True,
    reason="new architecture",
    cells={"numpy": SUPPORTED, "exact": FAILED},
)
PARTIAL = replace(
    FAILED,
    verdict=Verdict.PARTIAL,
    condition=Condition(
        "fails unless W % 8 == 0",
        True,
        5,
        4,
        "24x24 passes, 17x23 fails",
        nearest_pass="24x24",
        nearest_fail="17x23",
        others=("fails below W = 24",),
    ),
    probe=UNDER_WAY,
)
NO_CONDITION = Condition(NONE_FITS, False, 3, 5, why="none of the known ones separates them")
TABLE = Table("fedcba", ("numpy", "exact"), (ROW,))


def show_table(out: Console) -> None:
    out.print(render.table_for_terminal(TABLE))


def test_a_terminal_gets_colour_unless_it_asks_for_none(printed: Callable[..., str]) -> None:
    assert "\x1b[32m" in printed(show_table, Terminal(), COLUMNS="200")  # green
    plain = printed(show_table, Terminal(), COLUMNS="200", NO_COLOR="1")
    assert "\x1b[3" not in plain
    assert "✓ SUPPORTED" in plain


def test_what_is_no_terminal_gets_plain_lines_of_any_length(printed: Callable[..., str]) -> None:
    devices = tuple(f"device-with-a-long-name-{n}" for n in range(40))
    cells = {name: replace(SUPPORTED, device=name) for name in devices}
    wide = replace(TABLE, devices=devices, rows=(replace(ROW, cells=cells),))
    text = printed(lambda out: out.print(render.table_for_terminal(wide)), io.StringIO())
    assert "\x1b" not in text
    assert "…" not in text
    header, row = text.splitlines()
    assert all(name in header for name in devices)
    assert row.count("✓ SUPPORTED") == 40


def test_the_row_of_an_architecture(printed: Callable[..., str]) -> None:
    header, row = printed(show_table, io.StringIO()).splitlines()
    assert header.split() == [
        "kind", "network", "backbone", "neck", "head/decoder", "layers", "numpy", "exact", "last", "change",
    ]  # fmt: skip
    assert row.split() == [
        "network", "resnet50", "ResNet50", "Conv2d", "Linear", "✓", "SUPPORTED", "✗", "FAILED", "(MISMATCH)",
        "0123456789", "2026-03-01",
    ]  # fmt: skip


def test_of_many_layers_a_terminal_gets_the_first_and_every_other_form_gets_all(printed: Callable[..., str]) -> None:
    layers = ("BatchNorm2d", "Conv2d", "Linear", "MaxPool2d", "ReLU")
    table = replace(TABLE, rows=(replace(ROW, layers=layers),))
    text = printed(lambda out: out.print(render.table_for_terminal(table)), io.StringIO())
    assert " BatchNorm2d Conv2d Linear +2  ✓" in text
    assert " ".join(layers) in render.as_csv(table)
    assert f"| {' '.join(layers)} |" in render.as_markdown(table)


def test_a_narrow_terminal_cuts_layers_before_names_and_verdicts(printed: Callable[..., str]) -> None:
    layers = ("BatchNorm2d", "ConvTranspose2d", "GroupNorm")
    queued = replace(SUPPORTED, state="conversion queued")
    table = replace(TABLE, rows=(replace(ROW, name="resnet50_wid", layers=layers, cells={"numpy": queued}),))
    show = replace(table, devices=("numpy",))
    text = printed(lambda o: o.print(render.table_for_terminal(show)), Terminal(), NO_COLOR="1", COLUMNS="80")
    assert all(word in text for word in ("resnet50_wid", "ResNet50", "✓ SUPPORTED"))
    assert "BatchNorm2d" not in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_symbol_of_its_own_beside_its_word(verdict: Verdict) -> None:
    words = render.cell_words(Cell("numpy", verdict, Provenance.OBSERVED))
    symbol, _, word = words.partition(" ")
    assert word == verdict.value
    assert [v for v in Verdict if SYMBOLS[v][0] == symbol] == [verdict]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (SUPPORTED, "✓ SUPPORTED"),
        (FAILED, "✗ FAILED (MISMATCH)"),
        (replace(SUPPORTED, provenance=Provenance.INHERITED), "✓ SUPPORTED [inherited]"),
        (PREDICTED, "· MISSING [predicted 3 %]"),
        (replace(PREDICTED, state="queued"), "· MISSING [predicted 3 %] [queued]"),
        (replace(FAILED, provenance=Provenance.STALE, state="queued"), "✗ FAILED (MISMATCH) [stale] [queued]"),
        (Cell("numpy", Verdict.MISSING, Provenance.NEVER), "· MISSING"),
        (Cell("numpy", Verdict.MISSING, Provenance.NEVER, state="conversion queued"), "· MISSING [conversion queued]"),
    ],
)
def test_a_cell_says_how_it_is_known_and_what_is_under_way(cell: Cell, words: str) -> None:
    assert render.cell_words(cell) == words


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (SUPPORTED, "✓ SUPPORTED [observed]"),
        (Cell("numpy", Verdict.MISSING, Provenance.NEVER, state="queued"), "· MISSING [never] [queued]"),
        (PREDICTED, "· MISSING [predicted 3 %]"),
    ],
)
def test_a_cell_always_says_how_it_is_known_where_that_is_asked_for(cell: Cell, words: str) -> None:
    assert render.cell_words(cell, always=True) == words


HOSTILE = "[red]x[/red] [/nothing] :boom: [link=http://x]y"


@pytest.mark.parametrize("out", [io.StringIO, Terminal])
def test_nothing_of_a_table_is_interpreted(printed: Callable[..., str], out: type[io.StringIO]) -> None:
    table = replace(TABLE, rows=(replace(ROW, name=HOSTILE),))
    assert HOSTILE in printed(lambda o: o.print(render.table_for_terminal(table)), out(), NO_COLOR="1", COLUMNS="300")


def test_the_csv_has_a_row_for_each_architecture() -> None:
    inherited = replace(SUPPORTED, provenance=Provenance.INHERITED, state="queued")
    cells = {"numpy": inherited, "exact": FAILED, "board": PREDICTED}
    table = replace(TABLE, devices=tuple(cells), rows=(replace(ROW, cells=cells),))
    header, row = csv.reader(io.StringIO(render.as_csv(table)))
    assert dict(zip(header, row, strict=True)) == {
        "kind": "network",
        "network": "resnet50",
        "backbone": "ResNet50",
        "neck": "",
        "head/decoder": "",
        "layers": "Conv2d Linear",
        "numpy": "✓ SUPPORTED",
        "numpy provenance": "inherited",
        "numpy state": "queued",
        "exact": "✗ FAILED (MISMATCH)",
        "exact provenance": "observed",
        "exact state": "",
        "board": "· MISSING",
        "board provenance": "predicted 3 %",
        "board state": "",
        "last change commit": "0123456789abcdef",
        "last change date": "2026-03-01T12:00:00+00:00",
    }
    assert render.as_csv(TABLE).endswith("\n")
    assert "\r" not in render.as_csv(TABLE)


def test_the_markdown_is_a_table() -> None:
    head, rule, row = render.as_markdown(TABLE).splitlines()
    assert head.startswith("| kind | network | backbone |")
    assert set(rule) == set("| -")
    names = "| network | resnet50 | ResNet50 |  |  | Conv2d Linear |"
    assert row.startswith(f"{names} ✓ SUPPORTED [observed] | ✗ FAILED (MISMATCH) [observed] |")
    assert head.count("|") == rule.count("|") == row.count("|")


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def named(name: str) -> Table:
    return replace(TABLE, rows=(replace(ROW, name=name, layers=(name,)),))


@given(texts)
def test_any_name_stays_in_its_cell_of_the_markdown(name: str) -> None:
    _, rule, row, *rest = render.as_markdown(named(name)).split("\n")
    assert rest == [""]
    unescaped = row.replace("\\\\", "").replace("\\|", "")
    assert unescaped.count("|") == rule.count("|")
    assert "<" not in unescaped.replace("\\<", "")


@given(texts.filter(lambda t: "\r" not in t and "\x00" not in t))
def test_any_name_comes_back_from_the_csv(name: str) -> None:
    _, row = csv.reader(io.StringIO(render.as_csv(named(name)), newline=""))
    assert row[1] == name


def test_a_table_without_rows() -> None:
    empty = replace(TABLE, rows=())
    assert len(render.as_markdown(empty).splitlines()) == 2
    assert len(render.as_csv(empty).splitlines()) == 1


def test_the_markdown_says_the_condition_of_what_is_partial() -> None:
    def shown(cell: Cell) -> str:
        return render.as_markdown(
            replace(TABLE, rows=(replace(ROW, cells={"numpy": cell, "exact": cell}),))
        ).splitlines()[2]

    assert "| ◐ PARTIAL (fails unless W % 8 == 0) [observed] |" in shown(PARTIAL)
    assert "| ◐ PARTIAL [observed] |" in shown(replace(PARTIAL, condition=NO_CONDITION))
    assert render.cell_words(PARTIAL) == "◐ PARTIAL", "a table in a terminal has no room for it"
