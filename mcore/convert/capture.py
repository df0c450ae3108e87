"""Capture: a torch module becomes a graph, or several that branches on sizes tell apart, and their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from mcore.convert.apart import capture_apart
from mcore.convert.errors import CaptureRefused, ModelFailed
from mcore.convert.report import CaptureReport, capture_report
from mcore.convert.running import Size, evaluation_copy, run, seeded_inputs
from mcore.convert.sizes import input_types
from mcore.convert.trace import Trace, trace
from mcore.convert.variants import SizesDisagree, Variant, assembled
from mcore.platform.graph import Graph
from mcore.sampling import Sampling

#: Sizes tried for the second trace of a variant, and how far they are from its first one, in steps of legal sizes.
_TRIES = 3
_STEPS = (1, 2, -1, -2, 3, -3, 4, -4, 5, 6, 7, 8, -8, 12, 16, -16, 24, 32)


@dataclass(frozen=True, slots=True)
class Capture:
    """The graphs in the order in which they are to be tried, the weights of all by name, the report, and the variants."""

    graphs: tuple[Graph, ...]
    weights: Mapping[str, np.ndarray]
    report: CaptureReport
    variants: tuple[Variant, ...]

    @property
    def graph(self) -> Graph:
        """The graph of a network that has just one; raises ``ValueError`` for several."""
        (graph,) = self.graphs
        return graph


def capture(model: nn.Module, sampling: Sampling) -> Capture:
    """Capture ``model`` as it is in evaluation mode.

    A deep copy is traced at two sizes and batches, and the two graphs are compared node by node: equal, they are one graph for
    every size that keeps the guards. A size of the sampling that does not keep them is traced too; where that gives other
    nodes, there are several graphs, each confirmed by a second trace. A model that makes plain numbers of sizes is traced at
    each size of the sampling on its own, and its graphs are for these sizes only.

    Raises:
        ModelFailed: its forward raised.
        CaptureRefused: it does something that a graph cannot hold.
        RuleDisagrees: an op's shape rule gives another type than torch.
    """
    return capture_copy(evaluation_copy(model), sampling)


def capture_copy(
    model: nn.Module, sampling: Sampling, *, golden_follow: bool = False, warm: tuple[int, int] | None = None
) -> Capture:
    """:func:`capture` of a model that is a copy in evaluation mode already, and that has run at a height and width if ``warm``.

    With ``golden_follow`` the caller will trace the golden run of every sample and join it to its variant, which is the second
    trace; one more of its own would say nothing new.
    """
    input_types(sampling)  # a sampling that makes no sense is no reason to look further
    sizes = trace_sizes(sampling)
    if golden_follow:
        sizes = (replace(sizes[0], batch=3),)  # a batch that no sample has
    try:
        variants = _Search(model, sampling, warm).run(sizes)
    except (CaptureRefused, ModelFailed) as error:
        return captured_apart(model, sampling, error)
    found = _captured(model, sampling, variants)
    return replace(found, report=found.report.with_golden(sample_sizes(sampling))) if golden_follow else found


def captured_apart(model: nn.Module, sampling: Sampling, reason: CaptureRefused | ModelFailed) -> Capture:
    """One graph for each size of the sampling, for a model that cannot have one for all because of ``reason``.

    Raises:
        CaptureRefused, ModelFailed, RuleDisagrees: as :func:`capture`.
    """
    try:
        variants = capture_apart(model, sampling)
    except CaptureRefused as refused:
        raise refused from reason
    except ModelFailed:
        if isinstance(reason, ModelFailed):
            raise reason from reason.error
        raise
    return _captured(model, sampling, variants, str(reason))


def trace_sizes(sampling: Sampling) -> tuple[Size, ...]:
    """The two cheapest of the sampling's sizes, the first not square if there is one, with batches of two and three."""
    by_area = _by_area(sampling)
    first = next((size for size in by_area if size[0] != size[1]), by_area[0])
    second = next((size for size in by_area if size != first), first)
    return Size(2, *first), Size(3, *second)


def sample_sizes(sampling: Sampling) -> list[Size]:
    """The sizes and batches of the samples, the cheapest first."""
    batches = {size: sampling.batch(index) for index, size in enumerate(sampling.sizes)}
    return [Size(batches[size], *size) for size in _by_area(sampling)]


def _by_area(sampling: Sampling) -> list[tuple[int, int]]:
    return sorted(set(sampling.sizes), key=lambda size: (size[0] * size[1], size))


def _captured(model: nn.Module, sampling: Sampling, variants: tuple[Variant, ...], fallback: str = "") -> Capture:
    graphs, weights = assembled(variants)
    served = [[str(s) for s in sample_sizes(sampling) if chosen(variants, sampling, s) is v] for v in variants]
    report = capture_report(model, variants, graphs, served, fallback)
    return Capture(graphs, weights, report, variants)


def chosen(variants: tuple[Variant, ...] | list[Variant], sampling: Sampling, size: Size) -> Variant | None:
    """The first of ``variants`` that admits the inputs of a ``size``."""
    shapes = {i.name: i.concrete(size.batch, size.height, size.width) for i in sampling.inputs}
    return next((variant for variant in variants if variant.admits(shapes)), None)


class _Search:
    """Traces until every size of the sampling has its variant, and every variant is confirmed or pinned."""

    def __init__(self, model: nn.Module, sampling: Sampling, warm: tuple[int, int] | None) -> None:
        self._model, self._sampling, self._warm = model, sampling, warm
        self._variants: list[Variant] = []

    def run(self, sizes: tuple[Size, ...]) -> tuple[Variant, ...]:
        """Trace at ``sizes`` first; raises :class:`CaptureRefused` where there can be no graph for more than one size."""
        for size in sizes:
            self._add(self._trace(size))
        while self._takes_up_a_size() or self._confirms_a_variant():
            pass
        for variant in self._variants:
            for traced in variant.traces:
                found = chosen(self._variants, self._sampling, traced.size)
                assert found is not None, "the guards of a variant hold at its traces"
                if found is not variant:
                    found.joined(traced)
        return tuple(self._variants)

    def _trace(self, size: Size) -> Trace:
        if (size.height, size.width) != self._warm:  # a model may fill caches on its first call
            first = replace(size, batch=min(size.batch for size in sample_sizes(self._sampling)))
            run(self._model, self._sampling, seeded_inputs(self._sampling, first, "capture"))
        return trace(self._model, self._sampling, size, seeded_inputs(self._sampling, size, "capture"))

    def _add(self, traced: Trace) -> None:
        """Join a trace to its variant, or make it a new one; refuses one whose size an other variant's guards admit."""
        new = Variant((traced,))
        for position, variant in enumerate(self._variants):
            try:
                self._variants[position] = variant.joined(traced)
            except SizesDisagree:
                sizes = [t.size for t in variant.traces]
                if chosen([variant], self._sampling, traced.size) or any(
                    chosen([new], self._sampling, s) for s in sizes
                ):
                    raise
            else:
                return
        self._variants.append(new)

    def _takes_up_a_size(self) -> bool:
        """Trace the first sample's size that no variant admits, at a batch that says nothing, or at its own."""
        for size in sample_sizes(self._sampling):
            if chosen(self._variants, self._sampling, size) is None:
                known = {traced.size for variant in self._variants for traced in variant.traces}
                size = next(s for s in (replace(size, batch=3), replace(size, batch=2), size) if s not in known)
                self._add(self._trace(size))
                return True
        return False

    def _confirms_a_variant(self) -> bool:
        """Trace a further size of the first variant that knows one height or width alone, or pin it to that."""
        for position, variant in enumerate(self._variants):
            if open_axes := self._open_axes(variant):
                self._variants[position] = self._confirmed(variant, open_axes)
                return True
        return False

    def _open_axes(self, variant: Variant) -> list[str]:
        """Symbols of which ``variant`` has met one value, in its traces and in the samples that will be traced."""
        admitted = [s for s in sample_sizes(self._sampling) if chosen(self._variants, self._sampling, s) is variant]
        sizes = [*admitted, *(traced.size for traced in variant.traces)]
        values = {"N": {s.batch for s in sizes}, "H": {s.height for s in sizes}, "W": {s.width for s in sizes}}
        return [name for name in variant.graph.symbols if name not in variant.pinned and len(values[name]) == 1]

    def _confirmed(self, variant: Variant, axes: list[str]) -> Variant:
        for size, _ in zip(self._candidates(variant, axes), range(_TRIES), strict=False):
            try:
                return variant.joined(self._trace(size))
            except SizesDisagree:
                break
            except ModelFailed:
                continue
        return replace(variant, pinned=variant.pinned | set(axes))

    def _candidates(self, variant: Variant, axes: list[str]) -> Iterator[Size]:
        """Legal sizes that ``variant`` admits and that differ from its first in all of ``axes``, or in as many as can be."""
        first = variant.traces[0].size
        for wanted in dict.fromkeys((tuple(axes), *((axis,) for axis in axes))):
            heights = self._near(first.height) if "H" in wanted else [first.height]
            widths = self._near(first.width) if "W" in wanted else [first.width]
            sizes = [Size(5 - min(first.batch, 3), height, width) for height in heights for width in widths]
            sizes.sort(key=lambda size: abs(size.height - first.height) + abs(size.width - first.width))
            yield from (size for size in sizes if chosen([variant], self._sampling, size))

    def _near(self, side: int) -> list[int]:
        unit = self._sampling.multiple_of
        return [n for step in _STEPS if (n := side + step * unit) >= self._sampling.minimum]
