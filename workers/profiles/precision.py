"""Storage in float16 or bfloat16: each value and weight is rounded when it is stored; sums are made in float32.

A node more behind each one rounds what it makes, outside of the runtime, so a part of a network rounds as all of it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mcore.platform.bfloat16 import narrow, widen
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph
from workers.profiles.strikes import behind, free_ops

FULL = "float32"
INT8 = "int8"
Round = Callable[[np.ndarray], np.ndarray]


def _float16(value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return value.astype(np.float16).astype(np.float32)


def _bfloat16(value: np.ndarray) -> np.ndarray:
    return widen(narrow(value))


#: By the name of the precision; float32 in, float32 out.
ROUNDINGS: Mapping[str, Round] = {"float16": _float16, "bfloat16": _bfloat16}


def check(precision: Any) -> str:
    """``precision`` as a profile gives it; raises ``ValueError`` for one that the device does not have."""
    if precision not in (FULL, INT8) and (not isinstance(precision, str) or precision not in ROUNDINGS):
        raise ValueError(
            f"precision: the simulated device has {', '.join((FULL, *ROUNDINGS, INT8))}, not {precision!r}"
        )
    return str(precision)


def stored(arrays: Mapping[str, np.ndarray], precision: str) -> dict[str, np.ndarray]:
    """Inputs or weights as the device stores them; what is not float32 stays as it is."""
    keep = ROUNDINGS[precision]
    return {name: keep(value) if value.dtype == np.float32 else value for name, value in arrays.items()}


def rounding(graphs: Sequence[Graph], precision: str) -> tuple[tuple[Graph, ...], dict[str, Callable[..., Any]]]:
    """``graphs`` with each float32 value rounded when it is made, and the kernel that does it.

    Raises:
        ValueError: the network uses every op that could carry the rounding.
    """
    free = free_ops(graphs)
    if not free:
        raise ValueError("precision: this network uses every op that could carry the rounding")
    keep, op = ROUNDINGS[precision], free[0]
    made = tuple(_rounded(graph, op) for graph in graphs)
    return made, {op: lambda value, **_: keep(np.asarray(value))}


def _rounded(graph: Graph, op: str) -> Graph:
    values = [name for node in graph.nodes for name in node.outputs]
    return behind(graph, [name for name in values if graph.types[name].dtype is DType.FLOAT32], op, "exact")
