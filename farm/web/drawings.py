"""Records as plots: what becomes a point or a bar, and what its mark means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from farm.details.attempt import Evidence
from farm.details.days import Day
from farm.details.series import Series, Step
from farm.states.cell import Cell
from farm.states.verdict import FAILURES, Provenance
from farm.web.plots import Bar, Column, Mark, Point, bar_plot, column_plot, line_plot
from farm.web.words import short
from workers.judging.localise import digest_limit
from workers.policy import Policy, Scope
from workers.report import LayerError, LayerProbe, TensorError

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
    """The errors of layers, as far as they were looked at; ``None`` where none was.

    Those of a wrong result are of single layers, in the order in which they run. Where layers were judged one by one and all
    are right, those of one op are one bar.
    """
    if evidence.divergent is not None:
        return _around(*evidence.divergent, evidence.policy)
    judged = [(case.sample, [t for t in case.tensors if t.layer]) for case in evidence.cases]
    sample, layers = max(judged, key=lambda pair: len(pair[1]), default=("", []))
    return _by_op(layers, sample) if layers else None


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


def _by_op(layers: Sequence[TensorError], sample: str) -> Markup:
    bars = [
        Bar(
            f"{error.layer} (worst: {error.output})",
            error.max_rel_error,
            f"{error.layer}: error up to {error.max_rel_error:.3g} of the peak, SQNR {error.sqnr_db:.1f} dB",
        )
        for error in sorted(layers, key=lambda error: error.max_rel_error, reverse=True)
    ]
    return bar_plot(bars, title=f"error of the layers of each op, each alone, at {sample}")


def _around(sample: str, layer: LayerError, policy: Policy) -> Markup:
    """The values that were looked at, and beside the one that is named what it does alone, and what it reads is off by."""
    judged = policy.judged is Scope.LAYERS
    bars = [_bar(probe, named=probe.value == layer.value) for probe in layer.probes]
    if not any(bar.marked for bar in bars):
        bars.append(_bar(LayerProbe(layer.value, layer.op, layer.module, layer.error), named=True))
    if layer.local_error is not None and not judged:
        at = next(place for place, bar in enumerate(bars) if bar.marked)
        bars.insert(at + 1, Bar("⤷ the same, alone on golden inputs", layer.local_error))
    limit = None if judged else digest_limit(policy)
    kind = "each alone on golden inputs" if judged else "by its digest in the network"
    return bar_plot(bars, title=f"error of layers at {sample}, {kind}", limit=limit)


def _bar(probe: LayerProbe, *, named: bool) -> Bar:
    name = probe.module or "(root)"
    return Bar(
        f"{name} ({probe.op})", probe.error, f"{name} ({probe.op}), value {probe.value}: {probe.error:.3g}", named
    )
