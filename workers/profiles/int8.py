"""Weights and activations in int8: symmetric, by channel for weights, by value for activations, calibrated on the samples.

The largest magnitude of each value over a bundle's samples is in its golden digests, so calibration runs nothing. As in
:mod:`workers.profiles.precision`, a node more behind each value quantises it; products of integers are summed exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph
from workers.profiles.strikes import behind

LEVELS = 127
_PEAK = 2
#: Ops of one input and the number ``lambd``, which carries the peak.
_CARRIERS = ("hardshrink", "softshrink")

Peaks = Mapping[str, float]


def quantised(value: np.ndarray, peak: np.ndarray | float) -> np.ndarray:
    """``value`` on the 255 levels from ``-peak`` to ``peak``, float32; what lies beyond is cut off."""
    scale = np.where(np.asarray(peak) > 0, np.asarray(peak, np.float64) / LEVELS, 1.0)
    made: np.ndarray = (np.clip(np.rint(value / scale), -LEVELS, LEVELS) * scale).astype(np.float32)
    return made


def peaks_of(bundle: Bundle) -> dict[str, float]:
    """The largest magnitude of each input and value over the samples; none of a value without a finite one."""
    found: dict[str, float] = {}
    for sample in bundle.samples:
        told = {name: float(np.abs(value).max(initial=0)) for name, value in sample.inputs.items()}
        told |= {name: float(figures[_PEAK]) for name, figures in sample.digests.items()}
        for name, peak in told.items():
            if np.isfinite(peak):
                found[name] = max(found.get(name, 0.0), peak)
    return found


def weights_of(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Matrices and kernels quantised by their first axis; vectors (bias, norm) stay as they are, as on real devices."""
    return {name: _by_channel(value) for name, value in weights.items()}


def inputs_of(inputs: Mapping[str, np.ndarray], peaks: Peaks) -> dict[str, np.ndarray]:
    """Inputs of the network quantised; what is not float32 stays as it is."""
    return {n: _activation(v, peaks.get(n, 0.0)) if v.dtype == np.float32 else v for n, v in inputs.items()}


def quantising(graphs: Sequence[Graph], peaks: Peaks) -> tuple[tuple[Graph, ...], dict[str, Callable[..., Any]]]:
    """``graphs`` with each float32 value quantised when it is made, and the kernel that does it.

    A value without a peak (the canary has no samples) is quantised by its own.

    Raises:
        ValueError: the network uses every op that could carry it.
    """
    used = {node.op for graph in graphs for node in graph.nodes}
    op = next((op for op in _CARRIERS if op not in used), None)
    if op is None:
        raise ValueError(f"precision: this network uses {' and '.join(_CARRIERS)}, which int8 needs")
    made = tuple(
        behind(graph, _floats(graph), op, "exact", lambda name: {"lambd": peaks.get(name, 0.0)}) for graph in graphs
    )
    return made, {op: lambda value, lambd: _activation(np.asarray(value), lambd)}


def _activation(value: np.ndarray, peak: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return quantised(value, peak or float(np.abs(value).max(initial=0)))


def _by_channel(value: np.ndarray) -> np.ndarray:
    if value.dtype != np.float32 or value.ndim < 2:
        return value
    return quantised(value, np.abs(value).max(axis=tuple(range(1, value.ndim)), keepdims=True, initial=0))


def _floats(graph: Graph) -> list[str]:
    names = [name for node in graph.nodes for name in node.outputs]
    return [name for name in names if graph.types[name].dtype is DType.FLOAT32]
