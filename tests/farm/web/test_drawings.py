from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from farm.details.attempt import Evidence, Try
from farm.details.days import Day
from farm.details.series import Series, Step
from farm.states.cell import Cell, Resolution
from farm.states.jobs import AttemptState
from farm.states.verdict import Provenance, Verdict
from farm.web.drawings import days_plot, error_plot, latency_plot, layer_plot
from tests.farm.web.plots.drawn import of_class, parsed, said
from workers.outcome import Outcome
from workers.policy import Policy, Scope
from workers.report import CaseReport, LayerError, LayerProbe, TensorError

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy("fp32", 1, "float32", 2e-4, 1e-4, 75.0, 0.99999)
ATTEMPT = Try("a" * 32, 1, AttemptState.REPORTED, "u", Outcome.MISMATCH, "device stack", "", START, START)
PROBES = (
    LayerProbe("v1", "conv2d", "stem", 1e-7),
    LayerProbe("v5", "conv2d", "body.0", 0.3),
    LayerProbe("v9", "linear", "fc", 0.5),
)
LAYER = LayerError("v5", "conv2d", "body.0", 0.3, True, "Conv2d", 0.4, 1e-7, probes=PROBES)


def step(error: float | None, verdict: Verdict, provenance: Provenance) -> Step:
    resolutions = () if error is None else (Resolution("8x8", Outcome.PASS, error, 90.0, 0.5, 1000 * error, ""),)
    return Step("c" * 40, "Subject", START, False, Cell("numpy", verdict, provenance, resolutions=resolutions))


def evidence(*cases: CaseReport, policy: Policy = POLICY) -> Evidence:
    facts = ("net", "network", "numpy", "numpy", {}, "h", None, policy, "s", "c1", "b", "done", None, True, None)
    return Evidence(ATTEMPT, 1, "done", "", *facts, 1.0, 1.0, 1, (), cases, {}, "", "", (ATTEMPT,), (), (), (), 0)


def test_the_mark_of_a_point_tells_how_it_is_known_and_whether_it_is_bad() -> None:
    steps = (
        step(1e-6, Verdict.SUPPORTED, Provenance.OBSERVED),
        step(1e-6, Verdict.SUPPORTED, Provenance.INHERITED),
        step(None, Verdict.MISSING, Provenance.NEVER),
        step(0.1, Verdict.FAILED, Provenance.STALE),
    )
    plot = error_plot(Series("numpy", steps))
    assert plot is not None
    root = parsed(plot)
    assert [len(of_class(root, kind)) for kind in ("dot", "ring", "cross")] == [1, 1, 1]
    assert root.attrib["aria-label"].startswith("largest error on numpy: 3 figures from 1e-06 at cccccccccc")
    latency = latency_plot(Series("numpy", steps))
    assert latency is not None
    assert "the most 100" in parsed(latency).attrib["aria-label"]


def test_without_figures_there_is_no_plot() -> None:
    nothing = Series("numpy", (step(None, Verdict.MISSING, Provenance.NEVER),))
    assert (error_plot(nothing), latency_plot(nothing), layer_plot(evidence())) == (None, None, None)
    assert layer_plot(evidence(CaseReport("8x8", Outcome.CRASH))) is None


def test_layers_stand_in_their_order_with_the_one_that_is_named_and_what_it_does_alone() -> None:
    plot = layer_plot(
        evidence(CaseReport("8x8", Outcome.PASS), CaseReport("9x9", Outcome.MISMATCH, "", (), None, LAYER))
    )
    assert plot is not None
    root = parsed(plot)
    assert [text for text in said(root) if "(" in text or "⤷" in text] == [
        "stem (conv2d)",
        "body.0 (conv2d)",
        "⤷ the same, alone on golden inputs",
        "fc (linear)",
    ]
    assert "at 9x9, by its digest in the network" in root.attrib["aria-label"]
    assert "body.0 (conv2d) 0.3 (marked)" in root.attrib["aria-label"]
    assert "limit 0.002" in root.attrib["aria-label"]
    assert len(of_class(root, "marked")) == len(of_class(root, "limit")) == 1


def test_of_an_older_host_the_named_layer_stands_alone() -> None:
    plot = layer_plot(evidence(CaseReport("9x9", Outcome.MISMATCH, "", (), None, replace(LAYER, probes=()))))
    assert plot is not None
    assert len(of_class(parsed(plot), "marked")) == 1


def test_where_layers_are_judged_each_is_alone_and_right_ones_are_one_bar_an_op() -> None:
    judged = replace(POLICY, judged=Scope.LAYERS)
    plot = layer_plot(evidence(CaseReport("9x9", Outcome.MISMATCH, "", (), None, LAYER), policy=judged))
    assert plot is not None
    root = parsed(plot)
    assert "each alone on golden inputs" in root.attrib["aria-label"]
    assert (len(of_class(root, "bar")), of_class(root, "limit")) == (2, [])
    tensors = tuple(
        TensorError(output, error, error, 50.0, 1.0, 0.0, 0.5, layer=layer)
        for output, error, layer in (("out", 0.5, ""), ("v1", 1e-3, "conv2d"), ("v2", 1e-2, "linear"))
    )
    plot = layer_plot(evidence(CaseReport("9x9", Outcome.PASS, "", tensors), policy=judged))
    assert plot is not None
    assert [text for text in said(parsed(plot)) if "worst" in text] == ["linear (worst: v2)", "conv2d (worst: v1)"]


def test_days_stand_side_by_side() -> None:
    plot = days_plot((Day(date(2026, 1, 1), 3, 1, 9.0), Day(date(2026, 1, 2), 0, 0, 0.0)), "bench-1")
    assert parsed(plot).attrib["aria-label"] == "attempts of bench-1 by day: 01-01: 3 told something, 1 came to nothing"
