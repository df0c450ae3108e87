"""Small modules, and the check that a captured graph is right at sizes that were never traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mcore.convert import Rebuilt, capture
from mcore.convert.arguments import arguments, flatten
from mcore.convert.arrays import to_numpy
from mcore.convert.canonical import difference
from mcore.convert.running import Size, seeded_inputs
from mcore.platform.figures import figures
from mcore.platform.format import graph_from_bytes, graph_to_bytes
from mcore.platform.graph import Graph
from mcore.platform.runtime import Program
from mcore.sampling import Sampling

#: Four channels; traced at 8x12 and 9x7.
IMAGE = Sampling.image(4, ((8, 8), (8, 12), (9, 7)), minimum=5)
#: Odd, not square, batches of one and three: none of them was traced.
UNSEEN = (Size(3, 11, 14), Size(1, 13, 10), Size(2, 16, 7))


class Apply(nn.Module):
    """A module whose forward is ``function(x, **tensors)``; ``tensors`` are its parameters."""

    def __init__(self, function: Callable[..., Any], **tensors: Tensor) -> None:
        super().__init__()
        self.function = function
        self.own = nn.ParameterDict({k: nn.Parameter(v, v.is_floating_point()) for k, v in tensors.items()})

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs, **dict(self.own.items()))


def perturbed(module: nn.Module) -> nn.Module:
    """The module with parameters and statistics as training may leave them: no zeros, no ones."""
    source = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point():
                spread = torch.rand(tensor.shape, generator=source)
                tensor.copy_(spread + 0.5 if name.endswith("running_var") else spread - 0.4)
    return module.eval()


def torch_outputs(module: nn.Module, inputs: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Outputs by name, by torch."""
    args, kwargs = arguments(module.forward, {name: tensor.clone() for name, tensor in inputs.items()})
    with torch.no_grad():
        leaves, _ = flatten(module(*args, **kwargs), lambda item: isinstance(item, Tensor))
    return {name: to_numpy(tensor) for name, tensor in leaves.items()}


def platform_outputs(
    graph: Graph, weights: Any, inputs: dict[str, Tensor], mode: str = "reference"
) -> dict[str, np.ndarray]:
    """Outputs by name, by default by the plain kernels of the ops."""
    arrays = {name: to_numpy(tensor) for name, tensor in inputs.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    return Program(graph, weights, shapes, mode=mode).run(arrays)


def assert_close(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], limit: float = 2e-5) -> None:
    """Same names, types and shapes; values within ``limit`` of the peak, and equal where they are not floating."""
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape), name
        if value.dtype.kind == "f":
            finite = np.isfinite(value)
            np.testing.assert_array_equal(found[name][~finite], value[~finite])
            assert figures(found[name][finite], value[finite]).max_rel_error <= limit, name
        else:
            np.testing.assert_array_equal(found[name], value)


def check(module: nn.Module, sampling: Sampling = IMAGE, unseen: Sequence[Size] = UNSEEN, limit: float = 2e-5) -> Graph:
    """Capture ``module``; at sizes never traced the graph, and the module rebuilt from it, must do what it does.

    Also the graph must be well formed, and the rebuilt module must give the same graph again. Returns the graph.
    """
    captured = capture(module, sampling)
    graph, weights = captured.graph, captured.weights
    assert graph_from_bytes(graph_to_bytes(graph)) == graph
    assert graph.guards == ()
    rebuilt = Rebuilt(graph, weights, sampling.sizes)
    for size in unseen:
        inputs = seeded_inputs(sampling, size, "unseen")
        wanted = torch_outputs(module, inputs)
        assert_close(platform_outputs(graph, weights, inputs), wanted, limit)
        assert_close(torch_outputs(rebuilt, inputs), wanted, limit)
    again = capture(rebuilt, rebuilt.sampling)
    assert difference(graph, again.graph) is None
    assert {n: w.tobytes() for n, w in again.weights.items()} == {n: w.tobytes() for n, w in weights.items()}
    return graph


def ops(graph: Graph) -> list[str]:
    """Names of the ops in order."""
    return [node.op for node in graph.nodes]
