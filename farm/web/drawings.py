"""Records as plots: what becomes a point or a bar, and what its mark means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from farm.cell import Cell
from farm.coordinator.verdict import FAILURES, Provenance
from farm.details.attempt import Evidence
from farm.details.days import Day
from farm.details.series import Series, Step
from farm.web.plots import Bar, Column, Mark, Point, bar_plot, column_plot, line_plot
from farm.web.words import short
from workers.report import CaseReport, LayerError, TensorError

#: Layers that one plot has, those with the largest errors.
LAYERS = 24
#: What the marks of a line mean, beside it.
LEGEND = "● observed at that commit, ○ known from another one, × a failure"


def error_plot(series: Series) -> Markup | None:
    """The largest error at each commit; ``None`` where no commit has one."""
    return _line(series, lambda cell: cell.max_abs_error, "largest error", log=True)


def latency_plot(series: Series) -> Markup | None:
    """The time of the slowest resolution at each commit; ``None`` where no commit has one."""
    return _line(series, lambda cell: cell.latency_ms, "latency", unit="ms")


def days_plot(days: Sequence[Day], what: str) -> Markup:
    """Attempts that ended on each day; those above in outline came to nothing."""
    columns = [Column(f"{day.date:%m-%d}", day.told, day.lost) for day in days]
    return column_plot(columns, title=f"attempts of {what} by day", solid="told something", outlined="came to nothing")


def layer_plot(evidence: Evidence) -> Markup | None:
    """The errors of layers, as far as they were looked at; ``None`` where none was."""
    if evidence.divergent is None:
        judged = [(case, _judged(case)) for case in evidence.cases]
        case, layers = max(judged, key=lambda pair: len(pair[1]), default=(None, []))
        return _by_op(layers, case.sample) if case is not None and layers else None
    sample, layer = evidence.divergent
    case = next(case for case in evidence.cases if case.sample == sample)
    judged_layers = _judged(case)
    return _by_op(judged_layers, sample, layer) if judged_layers else _of_one(layer, sample)


def _line(
    series: Series, figure: Callable[[Cell], float | None], title: str, unit: str = "", log: bool = False
) -> Markup | None:
    points = [_point(step, figure(step.cell)) for step in series.steps]
    if all(point.value is None for point in points):
        return None
    return line_plot(points, title=f"{title} on {series.device}", unit=unit, log=log)


def _point(step: Step, value: float | None) -> Point:
    cell = step.cell
    figure = "" if value is None else f"{value:.3g}, "
    note = f"{short(step.commit)} {step.subject}: {figure}{cell.verdict.value}, {cell.provenance.value}"
    known_here = cell.provenance is Provenance.OBSERVED
    mark = Mark.CROSS if cell.verdict in FAILURES else Mark.DOT if known_here else Mark.RING
    return Point(short(step.commit), value, note, mark)


def _judged(case: CaseReport) -> list[TensorError]:
    return [error for error in case.tensors if error.layer]


def _by_op(layers: Sequence[TensorError], sample: str, divergent: LayerError | None = None) -> Markup:
    worst = sorted(layers, key=lambda error: error.max_rel_error, reverse=True)[:LAYERS]
    bars = [
        Bar(
            f"{error.layer} (worst: {error.output})",
            error.max_rel_error,
            f"{error.layer}: error up to {error.max_rel_error:.3g} of the peak, SQNR {error.sqnr_db:.1f} dB",
            marked=divergent is not None and error.layer == divergent.op,
        )
        for error in worst
    ]
    return bar_plot(bars, title=f"error of each kind of layer alone, of its peak, at {sample}")


def _of_one(layer: LayerError, sample: str) -> Markup:
    """What is known around the first divergent layer: what it reads, what it makes in the network, and what alone."""
    name = layer.module or "(root)"
    bars = []
    if layer.inherited_error is not None:
        bars.append(Bar("what it reads, in the network", layer.inherited_error))
    bars.append(Bar(f"{name} ({layer.op}), in the network", layer.error, marked=True))
    if layer.local_error is not None:
        bars.append(Bar(f"{name} ({layer.op}), alone on golden inputs", layer.local_error))
    return bar_plot(bars, title=f"error around the first divergent layer at {sample}")
