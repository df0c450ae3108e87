"""What ``farm status`` says to people: what is known and how, the figures, the strip, what to do next."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from rich.console import Console

from farm.cli.render_status import show
from farm.reading.next_step import NextStep
from farm.reading.status import Status
from farm.reading.strip import Mark
from farm.states.cell import Cell, Layer, Source
from farm.states.prediction import Prediction
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Row
from tests.farm.cli.conftest import Terminal
from tests.farm.cli.test_render import DATE, FAILED, HOSTILE, NO_CONDITION, PARTIAL, PREDICTED, ROW, SUPPORTED
from tests.farm.values import replace
from workers.outcome import Outcome


def status(row: Row, **more: Any) -> Status:
    return Status("fedcba", row, **{"jobs": {}, "strips": {}, "next": {}, **more})


def shown(row: Row, **more: Any) -> Callable[[Console], None]:
    return lambda out: show(status(row, **more), out)


def one(cell: Cell) -> Mapping[str, Cell]:
    return {"d": cell}


def test_a_reason_is_printed_on_one_line_where_programs_read(printed: Callable[..., str]) -> None:
    message = "word " * 100
    row = replace(ROW, cells={"exact": replace(FAILED, message=message.strip())})
    assert message.strip() in printed(shown(row), io.StringIO())


def test_the_status_of_one_architecture(printed: Callable[..., str]) -> None:
    text = printed(shown(ROW), io.StringIO())
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[:2] == [
        "resnet50 (network) at fedcba",
        "last change 0123456789, 2026-03-01; new architecture",
    ]
    assert "224x224 PASS 1.25e-06 110.0 0.410 3.0" in lines
    assert "MISMATCH, cause: device stack: 1 of 3 samples differ" in lines
    assert "first divergent layer: layer1.0.conv1 (Conv2d, conv2d), error 0.2, alone 0.25, introduced here" in lines
    assert "conv2d(float32[1, 3, 8, 8], float32[4, 3, 3, 3])" in lines
    assert "9x9 PRECLUDED" in lines
    assert "at worst: error margin 0.410, SQNR 110.0 dB, 3.0 ms" in lines
    assert "at worst: error margin -2.000 (beyond the limit), SQNR 110.0 dB, 3.0 ms" in lines


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell("d", Verdict.MISSING, Provenance.NEVER), "  never tested\n"),
        (replace(SUPPORTED, provenance=Provenance.STALE, commit="c" * 40), f"stale from attempt a1 at {'c' * 10}"),
        (
            replace(SUPPORTED, provenance=Provenance.INHERITED, commit="c1", date=DATE, unit="board-3"),
            "inherited from attempt a1 at c1, 2026-03-01, unit board-3",
        ),
        (
            replace(SUPPORTED, commit="c1", date=DATE, unit="board-3"),
            "  observed by attempt a1, 2026-03-01, unit board-3\n",
        ),
        (
            replace(SUPPORTED, commit="c1", date=DATE, unit="board-3", rejudged="a0"),
            "judged again by the present policy, from what attempt a0 ran\n",
        ),
        (
            replace(SUPPORTED, provenance=Provenance.STALE, commit="c1", changed=("numpy 1 → 2", "blas x → y")),
            "observed on another stack: numpy 1 → 2, blas x → y\n",
        ),
        (
            replace(FAILED, expires=DATE),
            "from 2026-03-01 on a submission proves it again; before, `farm submit --reprove`",
        ),
        (
            replace(SUPPORTED, latency_from=Source("a0", "c0", DATE)),
            "latency from attempt a0 at c0: the same graph with other weights",
        ),
        (
            Cell("d", Verdict.UNSUPPORTED, Provenance.OBSERVED, Outcome.UNSUPPORTED_OP, unsupported=("gelu", "stft")),
            "ops that the device lacks: gelu, stft",
        ),
        (
            replace(FAILED, first_divergent_layer=Layer("v", "add", "", 0.5, None)),
            "first divergent layer: (root) (add), error 0.5, origin unknown",
        ),
        (PARTIAL, "condition: fails unless W % 8 == 0 (5 sizes pass, 4 fail; 24x24 passes, 17x23 fails)"),
        (PARTIAL, "what was tried fits this too: fails below W = 24"),
        (PARTIAL, "probe for the condition: under way"),
        (
            replace(PARTIAL, condition=NO_CONDITION),
            "condition: no condition fits (3 sizes pass, 5 fail; none of the known ones separates them)",
        ),
        (
            replace(PARTIAL, condition=None, probe="the network takes no other sizes"),
            "probe for the condition: the network takes no other sizes",
        ),
    ],
)
def test_what_a_status_explains(printed: Callable[..., str], cell: Cell, said: str) -> None:
    assert said in printed(shown(replace(ROW, cells=one(cell))), io.StringIO())


def test_the_strip_is_symbols_and_the_same_in_words(printed: Callable[..., str]) -> None:
    verdicts = [Verdict.FAILED, Verdict.FAILED, Verdict.SUPPORTED, Verdict.MISSING]
    strip = tuple(Mark(f"c{n}", DATE, False, verdict) for n, verdict in enumerate(verdicts))
    row = replace(ROW, cells=one(FAILED))
    text = printed(shown(row, strips={"d": strip}), Terminal(), NO_COLOR="1", COLUMNS="200")
    assert "last 4 commits, newest first: ✗✗✓·  2 FAILED, then 1 SUPPORTED, then 1 MISSING\n" in text
    assert "commits, newest first" not in printed(shown(row, strips={"d": strip[:1]}), io.StringIO())


def test_what_to_do_next_is_a_line_with_its_command(printed: Callable[..., str]) -> None:
    text = printed(shown(ROW, next={"exact": NextStep("replay it here", "farm repro a1")}), io.StringIO())
    assert text.count("  next: replay it here: `farm repro a1`\n") == 1


@pytest.mark.parametrize("out", [io.StringIO, Terminal])
def test_nothing_that_is_shown_is_interpreted(printed: Callable[..., str], out: type[io.StringIO]) -> None:
    row = replace(ROW, reason=f"excluded: {HOSTILE}", cells={"exact": replace(FAILED, message=HOSTILE)})
    assert printed(shown(row), out(), NO_COLOR="1", COLUMNS="200").count(HOSTILE) == 2


def test_a_prediction_says_what_it_rests_on_and_what_blocks(printed: Callable[..., str]) -> None:
    text = printed(shown(replace(ROW, cells={"board": PREDICTED})), io.StringIO())
    assert "board: · MISSING [predicted 3 %]" in text
    assert "predicted: passes with a chance of 3 %, by 12 graphs that ran here" in text
    assert "likely blocked by gelu (works with 2 %), conv2d: depthwise (works with 40 %)\n" in text
    assert "not met here before: erf\n" in text
    assert "never tested\n" in text


def test_of_many_traits_three_are_named(printed: Callable[..., str]) -> None:
    many = Prediction(0.0, tuple((f"op{i}", 0.1) for i in range(5)), tuple(f"new{i}" for i in range(4)), 12)
    text = printed(shown(replace(ROW, cells={"board": replace(PREDICTED, prediction=many)})), io.StringIO())
    assert "op2 (works with 10 %), and 2 more\n" in text
    assert "not met here before: new0, new1, new2, and 1 more\n" in text
