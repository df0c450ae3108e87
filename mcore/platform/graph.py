"""The graph of the Platform format as values: what ``graph.json`` says, read or about to be written.

Values are named by strings. A name that starts with ``@`` is a weight (``@layer1.0.conv1.weight``); every other name is a
graph input or the output of an earlier node. Sizes are integers or expressions over the graph's symbols
(``mcore.platform.dims``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcore.platform.dims import Expr, evaluate, scaled_symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, GuardError

FORMAT = "platform-graph"
VERSION = (1, 0)
OPSET = 1
WEIGHT_PREFIX = "@"


@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type and shape of a value; sizes are in elements."""

    dtype: DType
    shape: tuple[int | Expr, ...]

    def concrete(self, symbols: Mapping[str, int], known: dict[Expr, int] | None = None) -> tuple[int, ...]:
        """The shape with numbers for symbols; ``known`` is as :func:`~mcore.platform.dims.evaluate` has it."""
        return tuple([d if isinstance(d, int) else evaluate(d, symbols, known) for d in self.shape])


@dataclass(frozen=True, slots=True)
class Symbol:
    """A free size of the graph: ``minimum <= value <= maximum`` and ``value % multiple_of == 0``."""

    name: str
    minimum: int = 1
    maximum: int = 4096
    multiple_of: int = 1


@dataclass(frozen=True, slots=True)
class Guard:
    """A relation between sizes that held when the graph was captured and must hold when it runs.

    ``relation`` is one of ``== != < <= > >=``; ``source`` is the module path and line of model code that asked.
    """

    relation: str
    left: int | Expr
    right: int | Expr
    source: str = ""

    def holds(self, symbols: Mapping[str, int]) -> bool:
        a, b = evaluate(self.left, symbols), evaluate(self.right, symbols)
        return {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[self.relation]

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    Args:
        op: name in the op registry.
        inputs: value names in the op's order; ``None`` stands for an optional input that is absent.
        outputs: names that this node defines.
        attributes: by name; a size may be an :class:`~mcore.platform.dims.Expr`. Defaults may be left out.
        module: path of the module that the node came from (``layer1.0.conv1``), ``""`` for the root.
        source: class name of that module (``Conv2d``).
    """

    op: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    module: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as the Platform sees it.

    ``types`` holds the type of every input and of every node output; ``outputs`` maps the network's output names
    (``out``, ``features.0``, ``boxes`` ...) to value names, in order.
    """

    inputs: Mapping[str, TensorType]
    outputs: Mapping[str, str]
    nodes: tuple[Node, ...]
    weights: Mapping[str, TensorType]
    types: Mapping[str, TensorType]
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def bind(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
        """Values of the symbols for concrete input ``shapes``.

        Raises:
            GraphError: an input is missing, unknown, of the wrong rank or of a size that no symbol value explains.
            GuardError: a symbol is out of its range, or a guard of the capture does not hold.
        """
        if unknown := set(shapes) ^ set(self.inputs):
            raise GraphError(f"inputs are {', '.join(self.inputs)}; missing or unknown: {', '.join(sorted(unknown))}")
        symbols: dict[str, int] = {}
        for name, kind in self.inputs.items():
            shape = tuple(shapes[name])
            if len(shape) != len(kind.shape):
                raise GraphError(f"input {name!r} has rank {len(shape)}, the graph wants {len(kind.shape)}")
            for dim, size in zip(kind.shape, shape, strict=True):
                if (solved := _solve(dim, size)) is not None:
                    symbols.setdefault(*solved)
        for name, kind in self.inputs.items():
            try:
                wanted = kind.concrete(symbols)
            except ValueError as error:
                raise GraphError(f"input {name!r} does not tell its sizes: {error}") from None
            if wanted != tuple(shapes[name]):
                raise GraphError(f"input {name!r} has shape {tuple(shapes[name])}, the graph wants {wanted}")
        for symbol in self.symbols.values():
            value = symbols.get(symbol.name)
            if value is None:
                raise GraphError(f"no input has the size {symbol.name}")
            if not symbol.minimum <= value <= symbol.maximum or value % symbol.multiple_of:
                raise GuardError(
                    f"{symbol.name} = {value} is outside {symbol.minimum}..{symbol.maximum}"
                    + (f", multiples of {symbol.multiple_of}" if symbol.multiple_of > 1 else "")
                )
        for guard in self.guards:
            if not guard.holds(symbols):
                raise GuardError(f"this size takes a branch that was not captured: needs {guard} ({guard.source})")
        return symbols

    def type_of(self, name: str) -> TensorType | None:
        """The type of a value or weight by the name that nodes have for it, ``None`` for a name that nothing defines."""
        return self.weights.get(name.removeprefix(WEIGHT_PREFIX)) if is_weight(name) else self.types.get(name)

    def fetching(self, values: Sequence[str]) -> Graph:
        """The sub-graph that computes just ``values`` (named as they are), from the same inputs and weights."""
        wanted = set(values)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                kept.append(node)
                wanted.update(i for i in node.inputs if i is not None)
        return replace(self, nodes=tuple(reversed(kept)), outputs={v: v for v in values})


def is_weight(name: str) -> bool:
    """Whether a value name refers to a weight."""
    return name.startswith(WEIGHT_PREFIX)


def _solve(dim: int | Expr, size: int) -> tuple[str, int] | None:
    """The symbol and its value, where ``dim`` is ``k * symbol``; raises ``GuardError`` unless ``k`` divides ``size``."""
    if (scaled := scaled_symbol(dim)) is None:
        return None
    symbol, factor = scaled
    if size % factor:
        raise GuardError(f"{size} is no multiple of {factor}, as a size of {dim} must be")
    return symbol, size // factor
