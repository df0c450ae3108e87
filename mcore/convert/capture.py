"""Capture: a torch module becomes a graph and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from torch import nn

from mcore.convert.canonical import difference
from mcore.convert.errors import CaptureRefused
from mcore.convert.origins import Origins
from mcore.convert.running import Size, evaluation_copy, run, seeded_inputs
from mcore.convert.trace import Trace, trace
from mcore.platform.graph import Graph, Guard
from mcore.sampling import Sampling


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """What a capture saw.

    ``traced`` are the sizes; ``guards`` hold at all of them; ``constants`` are tensors of the model that are neither parameters
    nor persistent buffers; ``unused`` are names of the state that no output needs, which the graph so leaves out; ``layers``
    are the class names of the leaf modules that ran.
    """

    traced: tuple[Size, ...]
    guards: tuple[str, ...]
    constants: tuple[str, ...]
    unused: tuple[str, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capture:
    """A graph, its weights by name, the report, and the trace that the graph is from."""

    graph: Graph
    weights: Mapping[str, np.ndarray]
    report: CaptureReport
    trace: Trace


def capture(model: nn.Module, sampling: Sampling) -> Capture:
    """Capture ``model`` as it is in evaluation mode.

    A deep copy is traced at two sizes and batches, and the two graphs are compared node by node: equal, they are one graph for
    every size that keeps the guards.

    Raises:
        ModelFailed: its forward raised.
        CaptureRefused: it does something that a graph cannot hold, or its graph depends on the input size.
        RuleDisagrees: an op's shape rule gives another type than torch.
    """
    return capture_copy(evaluation_copy(model), sampling)


def capture_copy(model: nn.Module, sampling: Sampling) -> Capture:
    """:func:`capture` of a model that is a copy in evaluation mode already."""
    sizes = trace_sizes(sampling)
    traces = []
    for size in sizes:
        inputs = seeded_inputs(sampling, size, "capture")
        run(model, sampling, inputs)  # a model may fill caches on its first call
        traces.append(trace(model, sampling, size, inputs))
    first, *others = traces
    graph = first.graph
    for other in others:
        graph = agreed(graph, first, other)
    origins = Origins.of(graph)
    held = graph.weights.keys() | origins.aliases.keys()
    report = CaptureReport(
        traced=sizes,
        guards=tuple(f"{guard} ({guard.source})" for guard in graph.guards),
        constants=origins.constants,
        unused=tuple(sorted(model.state_dict().keys() - held)),
        layers=tuple(sorted(first.layers)),
    )
    return Capture(graph, first.weights, report, first)


def trace_sizes(sampling: Sampling) -> tuple[Size, ...]:
    """The two cheapest of the sampling's sizes, the first not square if there is one, with batches of two and three."""
    by_area = sorted(set(sampling.sizes), key=lambda size: (size[0] * size[1], size))
    first = next((size for size in by_area if size[0] != size[1]), by_area[0])
    second = next((size for size in by_area if size != first), first)
    return Size(2, *first), Size(3, *second)


def agreed(graph: Graph, first: Trace, other: Trace) -> Graph:
    """``graph`` with the guards that ``other`` confirms.

    A guard that ``other`` contradicts does not matter where the nodes are the same all the same: both of its branches lead to
    this graph.

    Raises:
        CaptureRefused: the two graphs, or constants in them, differ.
    """
    found = difference(graph, other.graph)
    if found is not None:
        branches = _opposed(first.graph.guards, other.graph.guards)
        cause = f", as it branches on a size: {branches[0]} at {branches[0].source}" if branches else ""
        raise CaptureRefused(f"the graph at {first.size} is not the graph at {other.size}{cause}: {found}")
    for name in Origins.of(graph).constants:
        if not np.array_equal(
            first.weights[name], other.weights[name], equal_nan=first.weights[name].dtype.kind == "f"
        ):
            raise CaptureRefused(
                f"constant {name!r} at {first.size} is not the one at {other.size}; compute it from the shape of a tensor"
            )
    confirmed = set(other.graph.guards)
    return replace(graph, guards=tuple(guard for guard in graph.guards if guard in confirmed))


def _opposed(first: tuple[Guard, ...], other: tuple[Guard, ...]) -> list[Guard]:
    """Guards of one trace that the other does not have, those that both asked first."""
    asked = {(guard.left, guard.right, guard.source) for guard in other}
    alone = [guard for guard in chain(first, other) if (guard in first) != (guard in other)]
    return sorted(alone, key=lambda guard: (guard.left, guard.right, guard.source) not in asked)
