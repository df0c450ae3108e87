"""Whether the graphs of a bundle belong together, and weights and samples are what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mcore.platform.bundle import DIGEST_LENGTH, Sample
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError, PlatformError
from mcore.platform.format import limits
from mcore.platform.format.manifest import GRAPH, graph_file
from mcore.platform.graph import Graph
from mcore.platform.variants import graph_for
from mcore.platform.weights import kind_of


def check_weights(
    graphs: Graph | Sequence[Graph], weights: Mapping[str, np.ndarray], *, file: str = "weights.safetensors"
) -> None:
    """Raise :class:`FormatError` unless ``weights`` are those that ``graphs`` declare together, no more and no fewer."""
    graphs = _several(graphs)
    _same_names("weight", {name for graph in graphs for name in graph.weights}, weights, file)
    for index, graph in enumerate(graphs):
        for name, kind in graph.weights.items():
            found = kind_of(weights, name)
            _same_type(f"weight {name!r}", kind.dtype, kind.concrete({}), found, file, graph_file(index))


def check_graphs(graphs: Sequence[Graph]) -> None:
    """Raise :class:`FormatError` unless ``graphs`` are those of one network: a few, with the same inputs and outputs."""
    if not 1 <= len(graphs) <= limits.GRAPHS:
        raise FormatError(f"{len(graphs)} graphs, a bundle has 1 to {limits.GRAPHS}", where=GRAPH)
    for index, graph in enumerate(graphs):
        for what, own, first in (
            ("inputs", _signature(graph), _signature(graphs[0])),
            ("outputs", list(graph.outputs), list(graphs[0].outputs)),
        ):
            if own != first:
                raise FormatError(f"the {what} are not those of {GRAPH}", where=f"{graph_file(index)}: {what}")


def check_served(graphs: Sequence[Graph], samples: Iterable[Sample]) -> None:
    """Raise :class:`FormatError` unless each of several ``graphs`` serves one of ``samples``, which are checked already."""
    served = {id(_graph_of(graphs, sample)) for sample in samples}
    for index, graph in enumerate(graphs):
        if len(graphs) > 1 and id(graph) not in served:
            raise FormatError("serves no sample", where=graph_file(index))


def check_sample(graphs: Graph | Sequence[Graph], sample: Sample, *, file: str) -> None:
    """Raise :class:`FormatError` unless the tensors of ``sample`` have the types that its graph gives them at that size."""
    graphs = _several(graphs)
    _same_names("input", graphs[0].inputs, sample.inputs, file)
    try:
        graph = _graph_of(graphs, sample)
    except (PlatformError, ValueError, ArithmeticError) as error:
        raise FormatError(str(error), where=file) from None
    _same_names("output", graph.outputs, sample.outputs, file)
    try:
        symbols = graph.bind({name: value.shape for name, value in sample.inputs.items()})
        wanted = {name: _concrete(graph, value, symbols) for name, value in graph.outputs.items()}
    except (PlatformError, ValueError, ArithmeticError) as error:
        raise FormatError(str(error), where=file) from None
    for name, kind in graph.inputs.items():
        _same_type(f"input {name!r}", kind.dtype, kind.concrete(symbols), kind_of(sample.inputs, name), file)
    for name, (dtype, shape) in wanted.items():
        _same_type(f"output {name!r}", dtype, shape, kind_of(sample.outputs, name), file)
    for name in sample.digests:
        if name not in graph.types:
            raise FormatError(f"a digest of {name!r}, which the graph does not have", where=file)
        _same_type(f"digest of {name!r}", DType.FLOAT64, (DIGEST_LENGTH,), kind_of(sample.digests, name), file)
    for name in [*sample.sensitivity, *sample.noise_floor]:
        if name not in graph.outputs:
            raise FormatError(f"figures of {name!r}, which is no output", where=file)


def _several(graphs: Graph | Sequence[Graph]) -> Sequence[Graph]:
    return (graphs,) if isinstance(graphs, Graph) else graphs


def _graph_of(graphs: Sequence[Graph], sample: Sample) -> Graph:
    return graph_for(graphs, {name: value.shape for name, value in sample.inputs.items()})


def _signature(graph: Graph) -> list[tuple[str, DType, int]]:
    """Names, element types and ranks of the inputs, in order."""
    return [(name, kind.dtype, len(kind.shape)) for name, kind in graph.inputs.items()]


def _concrete(graph: Graph, name: str, symbols: Mapping[str, int]) -> tuple[DType, tuple[int, ...]]:
    kind = graph.type_of(name)
    assert kind is not None
    return kind.dtype, kind.concrete(symbols)


def _same_names(what: str, wanted: Iterable[str], found: Iterable[str], file: str) -> None:
    wanted, found = set(wanted), set(found)
    if missing := wanted - found:
        raise FormatError(f"{what} {min(missing)!r} of graph.json is missing", where=file)
    if extra := found - wanted:
        raise FormatError(f"{what} {min(extra)!r} is not in graph.json", where=file)


def _same_type(
    what: str,
    dtype: DType,
    shape: Sequence[int],
    found: tuple[np.dtype, tuple[int, ...]],
    file: str,
    graph: str = GRAPH,
) -> None:
    if found != (dtype.numpy, tuple(shape)):
        is_ = f"{found[0].name}{list(found[1])}"
        raise FormatError(f"{what} is {is_}, {graph} says {dtype.value}{list(shape)}", where=file)
