"""One trace made into a graph: input types, leaks, names, weights, metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mcore.convert.arguments import arguments, flatten
from mcore.convert.arrays import to_numpy
from mcore.convert.canonical import canonical
from mcore.convert.errors import CaptureRefused
from mcore.convert.origins import Origins
from mcore.convert.recorder import Recorder
from mcore.convert.running import Size
from mcore.convert.sizes import input_types, size_symbols
from mcore.convert.tracer import run_traced
from mcore.platform.graph import Graph
from mcore.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Trace:
    """One traced forward.

    ``symbols`` are the values of the size symbols, ``layers`` class names of the leaf modules that ran, ``canonicalised``
    counts of what the graph has in its own way, ``outputs`` the tensors of the result, ``observed`` what the observer made of
    each value, by the graph's names.
    """

    size: Size
    symbols: Mapping[str, int]
    graph: Graph
    weights: Mapping[str, np.ndarray]
    layers: frozenset[str]
    canonicalised: Mapping[str, int]
    outputs: Mapping[str, Tensor]
    observed: Mapping[str, Any]


def trace(
    model: nn.Module,
    sampling: Sampling,
    size: Size,
    inputs: Mapping[str, Tensor],
    observe: Callable[[Tensor], Any] | None = None,
    numbers: frozenset[str] = frozenset(),
) -> Trace:
    """Trace one forward of ``model`` (in evaluation mode) at ``size``, on ``inputs`` as ``seeded_inputs`` makes them.

    ``numbers`` are symbols that shall be plain numbers. ``observe`` is called with every value as it is made, before anything
    can write over it.

    Raises:
        ModelFailed, CaptureRefused, RuleDisagrees: see :func:`~mcore.convert.tracer.run_traced`.
    """
    given = {"N": size.batch, "H": size.height, "W": size.width}
    types = input_types(sampling, {name: given[name] for name in numbers})
    symbols, unit = size_symbols(sampling), sampling.multiple_of
    values = {"N": size.batch, "H": size.height // unit, "W": size.width // unit}
    own = {name: tensor.clone() for name, tensor in inputs.items()}
    args, kwargs = arguments(model.forward, own)
    observed: dict[str, Any] = {}
    recorder, tracking, result = run_traced(
        model,
        args,
        kwargs,
        {name: (tensor, types[name]) for name, tensor in own.items()},
        values,
        {name: symbol.minimum for name, symbol in symbols.items()},
        (lambda name, tensor: observed.setdefault(name, observe(tensor))) if observe is not None else None,
    )
    _check_leaks(recorder)
    leaves, form = flatten(result, lambda item: isinstance(item, Tensor))
    _check_outputs(leaves)
    outputs = {name: tracking.lift(tensor) for name, tensor in leaves.items()}
    graph, names = canonical(
        recorder.nodes,
        inputs=types,
        outputs=outputs,
        types=recorder.types,
        weights={name: weight.type for name, (weight, _) in recorder.weights.items()},
        symbols=symbols,
        guards=recorder.guards,
    )
    return Trace(
        size,
        values,
        replace(graph, metadata=_origins(model, graph, form, sampling, numbers).to_json()),
        {name: to_numpy(recorder.weights[name][1]) for name in graph.weights},
        frozenset(recorder.scopes.leaves_met),
        dict(sorted(recorder.canonicalised.items())),
        leaves,
        {final: observed[name] for name, final in names.items() if name in observed},
    )


def _check_outputs(leaves: Mapping[str, Tensor]) -> None:
    for name, tensor in leaves.items():
        if tensor.dtype is torch.bfloat16:
            raise CaptureRefused(f"output {name!r} is bfloat16, in which no result can be judged; return it as float32")


def _check_leaks(recorder: Recorder) -> None:
    if not recorder.leaks:
        return
    (place, what), *rest = recorder.leaks.items()
    more = f" (and {len(rest)} more like it)" if rest else ""
    raise CaptureRefused(
        f"makes a plain number of an input-dependent size by {what}, which would be baked into the graph{more}; "
        "use + - * // % and tensors' own sizes",
        place,
    )


def _origins(model: nn.Module, graph: Graph, form: Any, sampling: Sampling, numbers: frozenset[str]) -> Origins:
    names: dict[int, str] = {}
    aliases: dict[str, str] = {}
    for name, tensor in _state(model):
        first = names.setdefault(id(tensor), name)
        if first != name and first in graph.weights:
            aliases[name] = first
    parameters = {name for name, _ in model.named_parameters()}
    persistent = model.state_dict().keys()
    buffers = tuple(name for name in graph.weights if name in persistent and name not in parameters)
    constants = tuple(name for name in graph.weights if name not in persistent)
    shapes = {i.name: i.shape for i in sampling.inputs} if numbers else {}
    fixed = sampling.fixed or bool(numbers)
    return Origins(form, aliases, buffers, constants, sampling.multiple_of, fixed, shapes)


def _state(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters(remove_duplicate=False)
    yield from model.named_buffers(remove_duplicate=False)
