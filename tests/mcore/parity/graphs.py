"""A call of torch as a graph: captured, written to JSON, read back, and run in every mode of the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from mcore.convert import Rebuilt
from mcore.convert.recorder import platform_dtype
from mcore.convert.running import Size
from mcore.convert.trace import to_numpy, trace
from mcore.platform.format import graph_from_bytes, graph_to_bytes
from mcore.platform.graph import Graph
from mcore.platform.runtime import Mode, Program
from mcore.sampling import Input, Sampling

from .samples import Sample


class Call(nn.Module):
    """A module that makes the call of a sample.

    All of its tensors are inputs of the module, or with ``weights`` the first alone and the others its buffers: what a layer
    has, for which the runtime plans other forms.
    """

    def __init__(self, sample: Sample, weights: bool) -> None:
        super().__init__()
        self.sample = sample
        self.given: dict[str, Tensor] = {}
        for position, tensor in enumerate(sample.tensors):
            if weights and position:
                self.register_buffer(f"w{position}", tensor.detach().clone())
            else:
                self.given[f"x{position}"] = tensor
        self.eval()

    def forward(self, *inputs: Tensor) -> Any:
        held = iter((*inputs, *self._buffers.values()))
        args, kwargs = tree_map(lambda leaf: next(held) if isinstance(leaf, Tensor) else leaf, self._arguments())
        return self.sample.function(*args, **kwargs)

    def _arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self.sample.arguments, self.sample.keywords


def captured(call: Call) -> tuple[Graph, Mapping[str, np.ndarray]]:
    """The graph of the call, as it is after a way through JSON, and its weights.

    Raises:
        ConversionError: as a conversion does.
    """
    inputs = tuple(Input(name, tuple(t.shape), platform_dtype(t.dtype)) for name, t in call.given.items())
    sampling = Sampling(inputs, ((1, 1),), minimum=1, fixed=True)
    traced = trace(call, sampling, Size(1, 1, 1), call.given)
    return graph_from_bytes(graph_to_bytes(traced.graph)), traced.weights


def outputs(graph: Graph, weights: Mapping[str, np.ndarray], call: Call, mode: Mode) -> list[np.ndarray]:
    """What the Platform computes."""
    arrays = {name: to_numpy(tensor) for name, tensor in call.given.items()}
    program = Program(graph, weights, {name: a.shape for name, a in arrays.items()}, mode)
    return list(program.run(arrays).values())


def wanted(call: Call) -> list[np.ndarray]:
    """What torch computes."""
    return _by_torch(call, call)


def rebuilt(graph: Graph, weights: Mapping[str, np.ndarray], call: Call) -> list[np.ndarray]:
    """What torch computes from the graph."""
    return _by_torch(Rebuilt(graph, weights, ((1, 1),)), call)


def _by_torch(module: nn.Module, call: Call) -> list[np.ndarray]:
    with torch.no_grad():
        result = module(*(tensor.clone() for tensor in call.given.values()))
    return [to_numpy(tensor) for tensor in (result if isinstance(result, list | tuple) else [result])]
