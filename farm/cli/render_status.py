"""``farm status`` for people: of each device what is known and how, the figures, the strip, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table as RichTable
from rich.text import Text

from farm.cli.render import NAMED, cell_words
from farm.conditions.infer import UNDER_WAY
from farm.reading.strip import runs
from farm.states.verdict import Provenance, Verdict
from farm.words import SYMBOLS, percent

if TYPE_CHECKING:
    from rich.console import Console

    from farm.reading.job_list import ListedJob
    from farm.reading.next_step import NextStep
    from farm.reading.status import Status
    from farm.reading.strip import Mark
    from farm.states.cell import Cell
    from farm.states.prediction import Prediction


def show(found: Status, out: Console) -> None:
    """A line for each device, what is known of it, and for each resolution the figures."""
    row = found.row
    out.print(Text(row.name, style="bold"), f"({row.kind}) at {found.commit}")
    out.print(f"last change {row.last_change.commit[:10]}, {row.last_change.date:%Y-%m-%d}; {row.reason}", style="dim")
    for device, cell in row.cells.items():
        out.print()
        out.print(Text(f"{device}: {cell_words(cell)}", style=SYMBOLS[cell.verdict][1]))
        lines = (
            *_explanation(cell),
            *_standing(found.jobs.get(device)),
            *_summary(cell),
            *_strip(found.strips.get(device, ())),
            *_next(found.next.get(device)),
        )
        for line in lines:
            out.print(f"  {line}")
        if cell.resolutions:
            out.print(_figures(cell))


def _summary(cell: Cell) -> Iterable[str]:
    """The worst of the figures in a line: how far from the limit, how quick."""
    said = []
    if cell.margin is not None:
        said.append(f"error margin {cell.margin:.3f}" + (" (beyond the limit)" if cell.margin < 0 else ""))
    if cell.sqnr_db is not None:
        said.append(f"SQNR {cell.sqnr_db:.1f} dB")
    if cell.latency_ms is not None:
        said.append(f"{cell.latency_ms:.1f} ms")
    if said:
        yield f"at worst: {', '.join(said)}"


def _strip(strip: Sequence[Mark]) -> Iterable[str]:
    """Symbols, and the same in words: nobody has to know the symbols."""
    if len(strip) < 2:
        return
    symbols = "".join(SYMBOLS[mark.verdict][0] for mark in strip)
    words = ", then ".join(f"{run.commits} {run.verdict}" for run in runs(strip))
    yield f"last {len(strip)} commits, newest first: {symbols}  {words}"


def _next(step: NextStep | None) -> Iterable[str]:
    if step is not None:
        yield f"next: {step.text}: `{step.command}`"


def _explanation(cell: Cell) -> Iterable[str]:
    if cell.outcome and cell.outcome.group.value not in ("good",):
        yield f"{cell.outcome.value}, cause: {cell.cause}" + (f": {cell.message}" if cell.message else "")
    yield from _condition(cell)
    if cell.unsupported:
        yield f"ops that the device lacks: {', '.join(cell.unsupported)}"
    if layer := cell.first_divergent_layer:
        where = {True: "introduced here", False: "inherited", None: "origin unknown"}[layer.introduced_here]
        what = f"{layer.source}, {layer.op}" if layer.source else layer.op
        alone = f", alone {layer.local_error:.2g}" if layer.local_error is not None else ""
        yield f"first divergent layer: {layer.module or '(root)'} ({what}), error {layer.error:.2g}{alone}, {where}"
        if layer.signature:
            yield f"  {layer.signature}"
    yield from _origin(cell)
    if cell.changed:
        yield f"observed on another stack: {', '.join(cell.changed)}"
    elif cell.expires and cell.provenance is not Provenance.STALE:
        yield f"from {cell.expires:%Y-%m-%d} on a submission proves it again; before, `farm submit --reprove`"
    if known := cell.latency_from:
        yield f"latency from attempt {known.attempt} at {known.commit[:10]}: the same graph with other weights"
    if cell.prediction:
        yield from _expectation(cell.prediction)
    if cell.verdict is Verdict.MISSING and not cell.state:
        yield "never tested"


def _condition(cell: Cell) -> Iterable[str]:
    """Under which condition a PARTIAL network fails, and on what that stands; or how far the search for it is."""
    if cell.condition:
        yield f"condition: {cell.condition.text} ({cell.condition.evidence})"
        if cell.condition.others:
            yield f"  what was tried fits this too: {', '.join(cell.condition.others)}"
    if cell.probe and (not cell.condition or cell.probe == UNDER_WAY):
        yield f"probe for the condition: {cell.probe}"


def _origin(cell: Cell) -> Iterable[str]:
    """Which attempt says so, where and when."""
    if cell.attempt is None or cell.commit is None:
        return
    date = f", {cell.date:%Y-%m-%d}" if cell.date else ""
    place = f" at {cell.commit[:10]}" if cell.provenance is not Provenance.OBSERVED else ""
    word = "by" if cell.provenance is Provenance.OBSERVED else "from"
    yield f"{cell.provenance.value} {word} attempt {cell.attempt}{place}{date}, unit {cell.unit}"
    if cell.rejudged is not None:
        yield f"judged again by the present policy, from what attempt {cell.rejudged} ran"


def _standing(job: ListedJob | None) -> Iterable[str]:
    """Why a job waits, or ended without having run."""
    if job is None:
        return
    if job.waits:
        yield f"job {job.id} waits: {job.waits}" + (f" ({job.notes})" if job.notes else "")
    if job.reason:
        yield f"job {job.id} is {job.state}: {job.reason}"
    if job.state == "quarantined":
        yield f"`farm jobs release {job.id}` tries again"


def _expectation(expected: Prediction) -> Iterable[str]:
    yield f"predicted: passes with a chance of {percent(expected.chance)}, by {expected.evidence} graphs that ran here"
    if expected.blocking:
        named = [f"{trait} (works with {percent(works)})" for trait, works in expected.blocking[:NAMED]]
        more = f", and {len(expected.blocking) - NAMED} more" if len(expected.blocking) > NAMED else ""
        yield f"likely blocked by {', '.join(named)}{more}"
    if expected.new:
        more = f", and {len(expected.new) - NAMED} more" if len(expected.new) > NAMED else ""
        yield f"not met here before: {', '.join(expected.new[:NAMED])}{more}"


def _figures(cell: Cell) -> RichTable:
    made = RichTable(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 2))
    for head in ("resolution", "outcome", "max abs error", "SQNR dB", "margin", "latency ms"):
        made.add_column(head, justify="left" if head in ("resolution", "outcome") else "right")
    for r in cell.resolutions:
        made.add_row(
            r.sample,
            r.outcome.value,
            _number(r.max_abs_error, ".2e"),
            _number(r.sqnr_db, ".1f"),
            _number(r.margin, ".3f"),
            _number(r.latency_ms, ".1f"),
        )
    return made


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
