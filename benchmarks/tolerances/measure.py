"""Errors of one architecture, at its cheapest sample.

*Outputs*: torch's float32 (the golden), the modes of the NumPy runtime and the simulated low precisions, each against a float64
run of the graph by the plain kernels. *Layers*: each node alone on golden inputs, on simulated devices of low precision,
against the plain kernel in float32, whose own error is far below; int8 against the fake-quantised reference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from mcore.platform.dims import concrete
from mcore.platform.figures import EXACT_SQNR_DB, figures
from mcore.platform.graph import Graph, is_weight
from mcore.platform.ops import registry
from workers.drivers.numpy import NumpyDriver
from workers.judging.layers import layers_of
from workers.outcome import Outcome
from workers.policy import Policy, Scope

#: The simulated devices, by the name of their column.
DEVICES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "fast": {"mode": "fast"},
    "exact": {"mode": "exact"},
    "fp16 storage": {"precision": "float16"},
    "fp16": {"precision": "float16", "arithmetic": "float16"},
    "bf16 storage": {"precision": "bfloat16"},
    "bf16": {"precision": "bfloat16", "arithmetic": "bfloat16"},
    "int8": {"precision": "int8"},
}
LOW = ("fp16 storage", "fp16", "bf16 storage", "bf16", "int8")


@dataclass(frozen=True, slots=True)
class Error:
    """Worst figures: the largest error relative to the peak, the least SQNR in dB, the largest gap of the cosine to 1."""

    rel: float
    sqnr_db: float
    gap: float
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain data, to three digits."""
        figures_ = {"rel": float(f"{self.rel:.3g}"), "sqnr_db": round(self.sqnr_db, 1), "gap": float(f"{self.gap:.3g}")}
        return figures_ | ({"where": self.where} if self.where else {})


def measured(key: str, bundle: Bundle) -> dict[str, Any]:
    """The row of an architecture."""
    sample = min(bundle.samples, key=lambda s: sum(value.size for value in s.inputs.values()))
    exact = in_float64(bundle, sample)
    outputs = {"torch": error_of(sample.outputs, exact)}
    layers: dict[str, Error] = {}
    for name, profile in DEVICES.items():
        driver = NumpyDriver(profile)
        outputs[name] = error_of(driver.load(bundle).run(sample.inputs), exact)
        if name in LOW:
            layers[name] = of_layers(driver, bundle, sample, profile["precision"])
    return {
        "architecture": key,
        "sample": sample.name,
        "outputs": {name: error.to_json() for name, error in outputs.items()},
        "layers": {name: error.to_json() for name, error in layers.items()},
    }


def in_float64(bundle: Bundle, sample: Sample) -> dict[str, np.ndarray]:
    """The outputs of the graph by the plain kernels in float64."""
    graph = bundle.graph_for(sample.inputs)
    symbols = graph.bind({name: value.shape for name, value in sample.inputs.items()})
    values: dict[str, np.ndarray] = {name: _wide(value) for name, value in sample.inputs.items()}
    last = _last_uses(graph)
    for i, node in enumerate(graph.nodes):
        given = [
            None if n is None else _wide(bundle.weights[n[1:]]) if is_weight(n) else values[n] for n in node.inputs
        ]
        attributes = {name: concrete(value, symbols) for name, value in node.attributes.items()}
        made = registry.get(node.op).compute(given, attributes)
        values |= zip(node.outputs, map(_wide, made), strict=True)
        for name in [name for name in values if last.get(name, -1) <= i]:
            del values[name]
    return {name: values[value] for name, value in graph.outputs.items()}


def of_layers(driver: NumpyDriver, bundle: Bundle, sample: Sample, precision: str) -> Error:
    """The worst of all layers alone. No gate is so wide as to let what is not finite or of another shape through."""
    policy = Policy("any", 1, precision, 1e9, 0.0, -1e9, -1.0, judged=Scope.LAYERS)
    worst = Error(0.0, EXACT_SQNR_DB, 0.0)
    for layer in layers_of(driver, bundle, sample, policy):
        if layer.compared.outcome is not Outcome.PASS:
            raise RuntimeError(f"{layer.error.value} ({layer.op}): {layer.compared.message}")
        for t in layer.compared.tensors:
            where = f"{layer.op}" if t.max_rel_error > worst.rel else worst.where
            worst = Error(
                max(worst.rel, t.max_rel_error), min(worst.sqnr_db, t.sqnr_db), max(worst.gap, 1 - t.cosine), where
            )
    return worst


def error_of(outputs: Mapping[str, np.ndarray], exact: Mapping[str, np.ndarray]) -> Error:
    """The worst over the outputs of floating point."""
    found = [figures(outputs[name], value) for name, value in exact.items() if value.dtype.kind == "f" and value.any()]
    return _worst((f.max_rel_error, f.sqnr_db, 1 - f.cosine) for f in found)


def _worst(found: Iterable[tuple[float, float, float]]) -> Error:
    rel, sqnr, gap = zip(*found, (0.0, EXACT_SQNR_DB, 0.0), strict=True)
    return Error(max(rel), min(sqnr), max(gap))


def _wide(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float64) if value.dtype.kind == "f" else value


def _last_uses(graph: Graph) -> dict[str, int]:
    last = {name: i for i, node in enumerate(graph.nodes) for name in node.inputs if name is not None}
    last |= {name: i for i, node in enumerate(graph.nodes) for name in node.outputs if name not in last}
    return last | dict.fromkeys(graph.outputs.values(), len(graph.nodes))
