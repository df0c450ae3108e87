"""Traces of one network that are one graph, and what sizes that graph is right for.

Two traces of a deterministic model take the same way until a question about a size has another answer. So the guards of a
trace, all of them, say which sizes take its way. Traces whose nodes are the same are one *variant*; a question that was
answered both ways among them does not matter, and every other guard of any of them is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mcore.convert.canonical import difference
from mcore.convert.errors import CaptureRefused
from mcore.convert.origins import Origins
from mcore.convert.symbolic import OPPOSITE
from mcore.convert.trace import Trace
from mcore.platform.dims import symbol
from mcore.platform.errors import PlatformError
from mcore.platform.graph import WEIGHT_PREFIX, Graph, Guard, is_weight


class SizesDisagree(CaptureRefused):
    """Two traces are not one graph, and no question that the model asked tells their sizes apart."""


@dataclass(frozen=True)
class Variant:
    """Traces that are one graph.

    Args:
        traces: one or more; the graph is that of the first.
        numbers: symbols that are plain numbers in it.
        pinned: symbols of which no second value could be confirmed: the graph is for the traced one only.
    """

    traces: tuple[Trace, ...]
    numbers: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()

    @cached_property
    def graph(self) -> Graph:
        """The graph, with the guards of all traces that matter."""
        first = self.traces[0]
        guards = merged_guards(self.traces)
        assert guards is not None, "traces were joined that are not one variant"
        told = {(guard.relation, guard.left) for guard in guards}
        pins = [_pin(name, first.symbols[name]) for name in ("N", "H", "W") if name in self.pinned]
        return replace(first.graph, guards=(*guards, *(pin for pin in pins if ("==", pin.left) not in told)))

    def admits(self, shapes: Mapping[str, Sequence[int]]) -> bool:
        """Whether the graph takes inputs of ``shapes``."""
        try:
            self.graph.bind(shapes)
        except PlatformError:
            return False
        return True

    def joined(self, other: Trace) -> Variant:
        """The variant with one more trace; raises :class:`SizesDisagree` where that is another graph, or has other guards."""
        first = self.traces[0]
        where = f"the graph at {first.size} is not the graph at {other.size}"
        if (found := difference(first.graph, other.graph)) is not None:
            branches = _opposed(first.graph.guards, other.graph.guards)
            cause = f", as it branches on a size: {branches[0]} at {branches[0].source}" if branches else ""
            raise SizesDisagree(f"{where}{cause}: {found}")
        for name in Origins.of(first.graph).constants:
            if not _same(first.weights[name], other.weights[name]):
                raise SizesDisagree(
                    f"constant {name!r} at {first.size} is not the one at {other.size}; "
                    "compute it from the shape of a tensor"
                )
        joined = replace(self, traces=(*self.traces, other))
        pinned = any(first.symbols[name] != other.symbols[name] for name in self.pinned)
        if pinned or merged_guards(joined.traces) is None:
            raise SizesDisagree(f"{where}: it asks other questions about the size")
        return joined


def merged_guards(traces: Iterable[Trace]) -> list[Guard] | None:
    """Guards of all ``traces`` but for those that were answered both ways; ``None`` where one of them fails at a trace."""
    traces = tuple(traces)
    asked = dict.fromkeys(guard for trace in traces for guard in trace.graph.guards)
    kept = [guard for guard in asked if replace(guard, relation=OPPOSITE[guard.relation]) not in asked]
    holds = all(guard.holds(trace.symbols) for guard in kept for trace in traces)
    return kept if holds else None


def assembled(variants: Sequence[Variant]) -> tuple[tuple[Graph, ...], dict[str, np.ndarray]]:
    """The graphs of ``variants`` and the weights of all of them, each stored once.

    A constant that has the name of another one in an earlier graph gets a name of its own.
    """
    weights: dict[str, np.ndarray] = {}
    graphs = []
    for variant in variants:
        names = {}
        for name, array in variant.traces[0].weights.items():
            names[name] = _free(name, array, weights)
            weights[names[name]] = array
        graphs.append(_renamed(variant.graph, names))
    return tuple(graphs), dict(sorted(weights.items()))


def _pin(name: str, value: int) -> Guard:
    what = {"N": "batch", "H": "height", "W": "width"}[name]
    return Guard("==", symbol(name), value, f"no second {what} was found that gives the same graph")


def _free(name: str, array: np.ndarray, taken: Mapping[str, np.ndarray]) -> str:
    found, count = name, 0
    while found in taken and not _same(taken[found], array):
        count += 1
        found = f"{name}_{count}"
    return found


def _renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    if all(old == new for old, new in names.items()):
        return graph

    def value(name: str) -> str:
        return WEIGHT_PREFIX + names[name.removeprefix(WEIGHT_PREFIX)] if is_weight(name) else name

    metadata = dict(graph.metadata)
    if "constants" in metadata:
        metadata["constants"] = sorted(names[name] for name in metadata["constants"])
    return replace(
        graph,
        nodes=tuple(replace(n, inputs=tuple(i if i is None else value(i) for i in n.inputs)) for n in graph.nodes),
        outputs={output: value(name) for output, name in graph.outputs.items()},
        weights=dict(sorted((names[name], kind) for name, kind in graph.weights.items())),
        metadata=metadata,
    )


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _opposed(first: tuple[Guard, ...], other: tuple[Guard, ...]) -> list[Guard]:
    """Guards of one trace that the other does not have, those that both asked first."""
    asked = {(guard.left, guard.right, guard.source) for guard in other}
    alone = [guard for guard in (*first, *other) if (guard in first) != (guard in other)]
    return sorted(alone, key=lambda guard: (guard.left, guard.right, guard.source) not in asked)
