"""What a capture saw, as values and as plain data for the manifest; :mod:`mcore.platform.report` makes text of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from mcore.convert.origins import Origins
from mcore.convert.running import Size
from mcore.convert.variants import Variant
from mcore.platform.graph import Graph


@dataclass(frozen=True, slots=True)
class VariantReport:
    """One graph: sizes of the samples that it serves, sizes it was traced at, guards with the lines that asked, its nodes."""

    serves: tuple[str, ...]
    traced: tuple[Size, ...]
    guards: tuple[str, ...]
    nodes: int

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "serves": list(self.serves),
            "traced": [f"{size.batch}x{size}" for size in self.traced],
            "guards": list(self.guards),
            "nodes": self.nodes,
        }


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """What a capture saw.

    Args:
        variants: the graphs, in order.
        canonicalised: how often something of the model's code was made one with the graph's ways, by what was done.
        fallback: why there is one graph for each size, ``""`` where there is not.
        constants: tensors of the model that are neither parameters nor persistent buffers.
        unused: names of the state that no output needs, which the graphs so leave out; without counters of batches.
        layers: class names of the leaf modules that ran.
    """

    variants: tuple[VariantReport, ...]
    canonicalised: Mapping[str, int]
    fallback: str
    constants: tuple[str, ...]
    unused: tuple[str, ...]
    layers: tuple[str, ...]

    def with_golden(self, sizes: Iterable[Size]) -> CaptureReport:
        """The report when the golden runs of the samples, at ``sizes``, have been traced too."""
        served = {str(size): size for size in sizes}
        variants = tuple(
            replace(v, traced=tuple(dict.fromkeys((*v.traced, *(served[name] for name in v.serves)))))
            for v in self.variants
        )
        return replace(self, variants=variants)

    @property
    def traced(self) -> tuple[Size, ...]:
        """All sizes that were traced, in order."""
        return tuple(dict.fromkeys(size for variant in self.variants for size in variant.traced))

    @property
    def guards(self) -> tuple[str, ...]:
        """All guards."""
        return tuple(dict.fromkeys(guard for variant in self.variants for guard in variant.guards))

    def to_json(self) -> dict[str, Any]:
        """As plain data, the same for the same model."""
        return {
            "graphs": [variant.to_json() for variant in self.variants],
            "canonicalised": dict(sorted(self.canonicalised.items())),
            "fallback": self.fallback,
            "constants": list(self.constants),
            "unused": list(self.unused),
        }


def capture_report(
    model: nn.Module,
    variants: Sequence[Variant],
    graphs: Sequence[Graph],
    served: Sequence[Sequence[str]],
    fallback: str,
) -> CaptureReport:
    """The report of a capture of ``model`` that gave ``graphs``, each of which serves the samples of sizes ``served``."""
    origins = [Origins.of(graph) for graph in graphs]
    held = {name for graph, own in zip(graphs, origins, strict=True) for name in (*graph.weights, *own.aliases)}
    unused = (name for name in model.state_dict() if name not in held and not name.endswith("num_batches_tracked"))
    first, *_ = variants
    return CaptureReport(
        variants=tuple(
            VariantReport(
                tuple(serves),
                tuple(traced.size for traced in variant.traces),
                tuple(f"{guard} ({guard.source})" for guard in graph.guards),
                len(graph.nodes),
            )
            for variant, graph, serves in zip(variants, graphs, served, strict=True)
        ),
        canonicalised=dict(first.traces[0].canonicalised),
        fallback=fallback,
        constants=tuple(sorted({name for own in origins for name in own.constants})),
        unused=tuple(sorted(unused)),
        layers=tuple(sorted({layer for variant in variants for layer in variant.traces[0].layers})),
    )
