"""Whether weights and samples are what the graph says they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mcore.platform.bundle import DIGEST_LENGTH, Sample
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError, PlatformError
from mcore.platform.format.check import type_of
from mcore.platform.graph import Graph


def check_weights(graph: Graph, weights: Mapping[str, np.ndarray], *, file: str = "weights.safetensors") -> None:
    """Raise :class:`FormatError` unless ``weights`` are those that ``graph`` declares, no more and no fewer."""
    _same_names("weight", graph.weights, weights, file)
    for name, kind in graph.weights.items():
        _same_type(f"weight {name!r}", kind.dtype, kind.concrete({}), weights[name], file)


def check_sample(graph: Graph, sample: Sample, *, file: str) -> None:
    """Raise :class:`FormatError` unless the tensors of ``sample`` have the types that ``graph`` gives them at that size."""
    _same_names("input", graph.inputs, sample.inputs, file)
    _same_names("output", graph.outputs, sample.outputs, file)
    try:
        symbols = graph.bind({name: value.shape for name, value in sample.inputs.items()})
        wanted = {name: _concrete(graph, value, symbols) for name, value in graph.outputs.items()}
    except (PlatformError, ValueError, ArithmeticError) as error:
        raise FormatError(str(error), where=file) from None
    for name, kind in graph.inputs.items():
        _same_type(f"input {name!r}", kind.dtype, kind.concrete(symbols), sample.inputs[name], file)
    for name, (dtype, shape) in wanted.items():
        _same_type(f"output {name!r}", dtype, shape, sample.outputs[name], file)
    for name, value in sample.digests.items():
        if name not in graph.types:
            raise FormatError(f"a digest of {name!r}, which the graph does not have", where=file)
        _same_type(f"digest of {name!r}", DType.FLOAT64, (DIGEST_LENGTH,), value, file)
    for name in [*sample.sensitivity, *sample.noise_floor]:
        if name not in graph.outputs:
            raise FormatError(f"figures of {name!r}, which is no output", where=file)


def _concrete(graph: Graph, name: str, symbols: Mapping[str, int]) -> tuple[DType, tuple[int, ...]]:
    kind = type_of(graph, name)
    assert kind is not None
    return kind.dtype, kind.concrete(symbols)


def _same_names(what: str, wanted: Iterable[str], found: Iterable[str], file: str) -> None:
    wanted, found = set(wanted), set(found)
    if missing := wanted - found:
        raise FormatError(f"{what} {min(missing)!r} of graph.json is missing", where=file)
    if extra := found - wanted:
        raise FormatError(f"{what} {min(extra)!r} is not in graph.json", where=file)


def _same_type(what: str, dtype: DType, shape: Sequence[int], value: np.ndarray, file: str) -> None:
    if value.dtype != dtype.numpy or value.shape != tuple(shape):
        found = f"{value.dtype.name}{list(value.shape)}"
        raise FormatError(f"{what} is {found}, graph.json says {dtype.value}{list(shape)}", where=file)
