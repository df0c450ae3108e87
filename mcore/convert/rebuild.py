"""A network rebuilt from its graph as a torch module, without its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mcore.convert.arguments import groups, unflatten
from mcore.convert.arrays import from_numpy
from mcore.convert.origins import Origins
from mcore.convert.places import acting_as
from mcore.convert.symbolic import maximum, minimum, plain, restate
from mcore.convert.torch_ops import compute
from mcore.platform.dims import Expr, floordiv, scaled_symbol, substitute, symbol
from mcore.platform.graph import WEIGHT_PREFIX, Graph, is_weight
from mcore.platform.ops import registry
from mcore.platform.variants import graph_for
from mcore.sampling import IMAGE_SIZES, Input, Sampling


class Rebuilt(nn.Module):
    """Runs the nodes of a graph one by one, in evaluation mode; of several graphs, those of the one that takes the inputs.

    Parameters and buffers have the names that they had in the original, so ``state_dict`` goes both ways. Converting it again
    gives the same graphs, module paths and guards included.

    Args:
        graph: a well-formed graph, or several in the order in which they are tried.
        weights: arrays by name; they are copied.
        sizes: the sizes of its samples, as its ``sampling`` says; by default the usual ones, or the next that are legal.

    Raises:
        FormatError: the graph's metadata are not such as a conversion writes.
    """

    def __init__(
        self,
        graph: Graph | Sequence[Graph],
        weights: Mapping[str, np.ndarray],
        sizes: tuple[tuple[int, int], ...] | None = None,
    ) -> None:
        super().__init__()
        self._graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
        self._origins = [Origins.of(graph) for graph in self._graphs]
        self._sampling = _sampling(self._graphs[0], self._origins[0], sizes)
        self._arguments = groups(list(self._graphs[0].inputs))
        self._homes: dict[str, tuple[nn.Module, str]] = {}
        tensors: dict[str, Tensor | nn.Parameter] = {}
        for own, origins in zip(self._graphs, self._origins, strict=True):
            for name in own.weights:
                if name not in tensors:
                    tensors[name] = self._tensor(name, weights[name], origins)
            for alias, name in origins.aliases.items():
                if alias not in self._homes:
                    self._place(alias, tensors[name], persistent=True)
            for node in own.nodes:
                if node.op == "batch_norm" and len(node.inputs) > 1:
                    self._count_batches(node.inputs[1])
        self.eval()

    @property
    def sampling(self) -> Sampling:
        """What its inputs are, as the graph and the samples say."""
        return self._sampling

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs, in the form that the original's forward gave them, for its arguments in order or by name.

        Raises:
            GuardError, GraphError: no graph takes inputs of these sizes.
            TypeError: other arguments than the network takes.
        """
        given = {**dict(zip(self._arguments, args, strict=False)), **kwargs}
        if given.keys() != self._arguments.keys() or len(args) + len(kwargs) != len(given):
            raise TypeError(f"the network takes {', '.join(self._arguments)}")
        values: dict[str, Tensor] = {}
        for name, members in self._arguments.items():
            if isinstance(members, list):
                values.update(zip(members, given[name], strict=True))
            else:
                values[members] = given[name]
        shapes = {name: tuple(map(plain, value.shape)) for name, value in values.items()}
        graph = graph_for(self._graphs, shapes)
        with _made_on(next((v.device for v in values.values()), torch.device("cpu"))):
            self._run(graph, values)
        leaves = {name: self._value(value, values) for name, value in graph.outputs.items()}
        return unflatten(self._origins[self._graphs.index(graph)].form, leaves)

    def _run(self, graph: Graph, values: dict[str, Tensor]) -> None:
        """Add the outputs of all nodes of ``graph`` to ``values``."""
        symbols = _symbols(graph, values)
        restate(graph.guards, symbols)
        for node in graph.nodes:
            attributes = {name: _concrete(value, symbols) for name, value in node.attributes.items()}
            inputs = [None if name is None else self._value(name, values) for name in node.inputs]
            with acting_as(node.module, node.source):
                outputs = compute(registry.get(node.op), inputs, attributes)
            values.update(zip(node.outputs, outputs, strict=True))

    def _value(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        if not is_weight(name):
            return values[name]
        home, own = self._homes[name.removeprefix(WEIGHT_PREFIX)]
        tensor = home._parameters.get(own)
        return tensor if tensor is not None else home._buffers[own]  # type: ignore[return-value]

    def _tensor(self, name: str, array: np.ndarray, origins: Origins) -> Tensor:
        """A copy of a weight, in its place."""
        tensor = from_numpy(np.array(array))
        if name not in origins.buffers and name not in origins.constants:
            tensor = nn.Parameter(tensor, requires_grad=tensor.is_floating_point())
        self._place(name, tensor, persistent=name not in origins.constants)
        return tensor

    def _place(self, name: str, tensor: Tensor | nn.Parameter, *, persistent: bool) -> None:
        path, _, own = name.rpartition(".")
        home: nn.Module = self
        for part in path.split(".") if path else ():
            # Set as torch sets them, without its check against attributes: what is named may be named as one of a module's.
            home = home._modules.setdefault(part, nn.Module())  # type: ignore[assignment]
        if isinstance(tensor, nn.Parameter):
            home._parameters[own] = tensor
        else:
            home._buffers[own] = tensor
            if not persistent:
                home._non_persistent_buffers_set.add(own)
        self._homes[name] = home, own

    def _count_batches(self, mean: str | None) -> None:
        """The counter beside running statistics, which torch's own batch norm has in its state."""
        path, _, own = (mean or "").removeprefix(WEIGHT_PREFIX).rpartition(".")
        counter = f"{path}.num_batches_tracked".lstrip(".")
        if own == "running_mean" and counter not in self._homes:
            self._place(counter, torch.tensor(0), persistent=True)


def _symbols(graph: Graph, values: Mapping[str, Tensor]) -> dict[str, int]:
    """Sizes of the symbols of ``graph``, from the shapes of its inputs; symbolic numbers while the module is traced."""
    found: dict[str, int] = {}
    for name, kind in graph.inputs.items():
        for axis, size in enumerate(kind.shape):
            scaled = scaled_symbol(size)
            if scaled is not None and scaled[0] not in found:
                found[scaled[0]] = values[name].shape[axis] // scaled[1]
            elif isinstance(size, int):
                int(values[name].shape[axis])  # what was a number in the trace of before is one in this
    return found


def _made_on(device: torch.device) -> AbstractContextManager[Any]:
    """Let what nodes make from numbers be made on ``device``."""
    return nullcontext() if device.type == "cpu" else device


def _sampling(graph: Graph, origins: Origins, given: tuple[tuple[int, int], ...] | None) -> Sampling:
    """What the graph says of its inputs; sizes count pixels again where the graph counts steps of them."""
    unit = origins.unit
    least = min((graph.symbols[name].minimum * unit for name in ("H", "W") if name in graph.symbols), default=1)
    sizes = given or tuple((_legal(height, least, unit), _legal(width, least, unit)) for height, width in IMAGE_SIZES)
    if origins.shapes:
        inputs = tuple(Input(name, shape, graph.inputs[name].dtype) for name, shape in origins.shapes.items())
        return Sampling(inputs, sizes, 1, unit, fixed=True)
    back: dict[str, int | Expr] = {name: floordiv(symbol(name), unit) for name in ("H", "W")}
    inputs = tuple(
        Input(name, tuple(substitute(size, back) for size in kind.shape), kind.dtype)
        for name, kind in graph.inputs.items()
    )
    return Sampling(inputs, sizes, least, unit, fixed=origins.fixed)


def _legal(size: int, least: int, unit: int) -> int:
    """The next legal size from ``size`` on."""
    return -(-max(size, least) // unit) * unit


def _concrete(value: Any, symbols: Mapping[str, int]) -> Any:
    if isinstance(value, Expr):
        return _size(value, symbols)
    return tuple(_concrete(v, symbols) for v in value) if isinstance(value, tuple) else value


def _size(expr: int | Expr, symbols: Mapping[str, int]) -> int:
    """The number of an expression, by operators alone: of symbolic numbers it stays symbolic, and asks for no guard."""
    if isinstance(expr, int):
        return expr
    total = 0
    for monomial, coefficient in expr.terms.items():
        product = coefficient
        for atom in monomial:
            if not atom.op:
                product = product * symbols[atom.name]
                continue
            a, b = (_size(argument, symbols) for argument in atom.arguments)
            product = product * {"//": lambda x, y: x // y, "min": minimum, "max": maximum}[atom.op](a, b)
        total = total + product
    return total
