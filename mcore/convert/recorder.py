"""What one trace writes down: nodes with the types that the ops' own rules give, guards, leaks, and where each came from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import torch

from mcore.convert.arrays import from_numpy
from mcore.convert.errors import CaptureRefused
from mcore.convert.places import Scopes, model_frame, position, statement
from mcore.convert.symbolic import Sym, expression, size
from mcore.platform.dims import Expr, add, evaluate, multiply, never_negative, substitute, subtract, symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import PlatformError
from mcore.platform.graph import WEIGHT_PREFIX, Guard, Node, TensorType
from mcore.platform.ops import registry

#: The function of this package under which the model's own frames lie.
TRACE_FUNCTION = "run_traced"

#: Most symbols and operations in one size of a graph for all sizes. Those of known networks have some twenty, and 468 where a
#: detector counts the boxes of six maps (SSD); what grows with every stage soon costs more, to write and to read, than graphs
#: that have numbers in its place.
MAX_SIZE_WEIGHT = 640


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor as the graph knows it: its name (provisional, but for inputs and weights) and symbolic type."""

    name: str
    type: TensorType

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.type.shape)


class Recorder:
    """Nodes, guards and leaks of one trace; hears of sizes as their :class:`~mcore.convert.symbolic.SizeLog`.

    Args:
        symbols: values of the size symbols in this trace.
        scopes: the running modules.
        least: smallest legal values of the symbols, where they are above one.
    """

    def __init__(self, symbols: Mapping[str, int], scopes: Scopes, least: Mapping[str, int] | None = None) -> None:
        self.symbols, self.scopes = dict(symbols), scopes
        # Written by what they exceed their least value by, sizes are judged by reasoning that knows of one as the least.
        self._above = {name: add(symbol(name), value - 1) for name, value in (least or {}).items()}
        self.nodes: list[Node] = []
        self.types: dict[str, TensorType] = {}
        self.guards: dict[Guard, None] = {}
        self.leaks: dict[str, str] = {}
        self.canonicalised: Counter[str] = Counter()
        self.weights: dict[str, tuple[Value, torch.Tensor]] = {}
        self.running = True
        self._count = 0
        self._known: dict[Expr, int] = {}

    def place(self) -> str:
        """Module path and source line of what the model does now; without a line when its forward is over."""
        return self.scopes.place(position(model_frame(TRACE_FUNCTION)) if self.running else "")

    def refuse(self, what: str) -> NoReturn:
        """Raise :class:`CaptureRefused` for what the model does now."""
        raise CaptureRefused(what, self.place())

    def guard(self, relation: str, left: int | Expr, right: int | Expr) -> None:
        """Log a relation that held, unless it holds for all legal sizes."""
        if self._is_sure(relation, subtract(left, right)):
            return
        path = self.scopes.current.path
        line = statement(model_frame(TRACE_FUNCTION))
        self.guards[Guard(relation, left, right, f"{path}, {line}" if path and line else path or line)] = None

    def restate(self, guard: Guard, sizes: Mapping[str, int | Expr]) -> None:
        """Log a guard that a graph of before has; ``sizes`` are what its symbols are now."""
        left, right = substitute(guard.left, sizes), substitute(guard.right, sizes)
        if isinstance(subtract(left, right), Expr):
            self.guards[Guard(guard.relation, left, right, guard.source)] = None

    def _is_sure(self, relation: str, difference: int | Expr) -> bool:
        """Whether ``difference <relation> 0`` holds for all legal sizes; ``False`` where that is not known."""
        below = substitute(difference, self._above)
        above = multiply(below, -1)
        strictly = never_negative(subtract(below, 1)), never_negative(subtract(above, 1))
        return {
            ">=": never_negative(below),
            "<=": never_negative(above),
            ">": strictly[0],
            "<": strictly[1],
            "!=": any(strictly),
            "==": below == 0,
        }[relation]

    def leak(self, what: str) -> None:
        """Log that a size became a plain number."""
        self.leaks.setdefault(self.place(), what)

    def emit(self, op: str, inputs: Sequence[Value | None], **attributes: Any) -> Value:
        """Record a node of an ``op`` with one output, and give that."""
        (output,) = self.emit_all(op, inputs, **attributes)
        return output

    def emit_all(self, op: str, inputs: Sequence[Value | None], **attributes: Any) -> tuple[Value, ...]:
        """Record a node of ``op`` and give its outputs.

        What takes no input and depends on no size becomes a constant. Sizes among the attributes become expressions, torch's
        dtypes the Platform's; attributes that have their default value are left out. NaN, which is no number of JSON, becomes a
        constant where the op takes a tensor for it.
        """
        declared = registry.get(op)
        inputs, attributes = self._without_nan(declared, inputs, attributes)
        try:
            values = declared.normalise(
                {k: _plain(v) for k, v in attributes.items() if v is not None or _nullable(declared, k)}
            )
            types = declared.types([v.type if v is not None else None for v in inputs], values)
        except PlatformError as error:
            raise CaptureRefused(str(error), self.place()) from error
        self._check_sizes(op, values.values(), types)
        if not inputs and not any(isinstance(v, Expr) for value in values.values() for v in _items(value)):
            return tuple(self.constant(from_numpy(array)) for array in declared.compute([], values))
        outputs = tuple(self._define(kind) for kind in types)
        scope = self.scopes.current
        kept = {a.name: values[a.name] for a in declared.attributes if not _is_default(a, values[a.name])}
        names = [v.name if v is not None else None for v in inputs]
        while names and names[-1] is None:
            names.pop()
        defined = tuple(v.name for v in outputs)
        self.nodes.append(Node(op, tuple(names), defined, kept, scope.path, scope.source))
        return outputs

    def _check_sizes(self, op: str, attributes: Iterable[Any], types: Iterable[TensorType]) -> None:
        """Refuse a node with a size that is too large an expression; there may be a graph for each size instead."""
        shapes = (kind.shape for kind in types)
        sizes = (size for value in (*attributes, *shapes) for size in _items(value) if isinstance(size, Expr))
        heaviest = max((size.weight for size in sizes), default=0)
        if heaviest > MAX_SIZE_WEIGHT:
            self.refuse(
                f"a size of {op} takes {heaviest} symbols and operations to tell from the sizes of the inputs; "
                f"the limit is {MAX_SIZE_WEIGHT}"
            )

    def _without_nan(
        self, op: registry.Op, inputs: Sequence[Value | None], attributes: dict[str, Any]
    ) -> tuple[Sequence[Value | None], dict[str, Any]]:
        for name in [n for n, value in attributes.items() if isinstance(value, float) and math.isnan(value)]:
            if f"{name}?" not in op.inputs:
                self.refuse(f"{op.name} is called with {name}=nan, which no graph can hold")
            position = op.inputs.index(f"{name}?")
            inputs = [*inputs, *[None] * (position + 1 - len(inputs))]
            inputs[position] = self.constant(torch.tensor(math.nan))
            attributes = {n: v for n, v in attributes.items() if n != name}
        return inputs, attributes

    def weight(self, name: str, tensor: torch.Tensor) -> Value:
        """The value of a weight; its content is read when the trace is over."""
        value = Value(WEIGHT_PREFIX + name, TensorType(self.dtype(tensor), tuple(tensor.shape)))
        self.weights[name] = value, tensor
        return value

    def constant(self, tensor: torch.Tensor, name: str = "") -> Value:
        """The value of a constant, as a weight of its content now; by default named after the running module."""
        stem = name or ".".join(filter(None, (self.scopes.current.path, "constant")))
        name, count = stem, 0
        while name in self.weights:
            count += 1
            name = f"{stem}_{count}"
        return self.weight(name, tensor.detach().clone())

    def dtype(self, tensor: torch.Tensor) -> DType:
        """The Platform's element type of ``tensor``."""
        try:
            return platform_dtype(tensor.dtype)
        except ValueError as error:
            self.refuse(str(error))

    def number(self, expr: int | Expr) -> int:
        """A size that a mapping may calculate with and ask about, as a model may: what it asks becomes a guard."""
        return size(evaluate(expr, self.symbols, self._known), expr, self)

    def concrete(self, kind: TensorType) -> tuple[int, ...]:
        """The shape of ``kind`` in this trace."""
        return kind.concrete(self.symbols, self._known)

    def _define(self, kind: TensorType) -> Value:
        name = f"%{self._count}"
        self._count += 1
        self.types[name] = kind
        return Value(name, kind)


@cache
def platform_dtype(dtype: torch.dtype) -> DType:
    """The Platform's element type for torch's; raises ``ValueError`` for one that the Platform does not have."""
    name = str(dtype).removeprefix("torch.")
    try:
        return DType(name)
    except ValueError:
        raise ValueError(f"the Platform has no element type {name}") from None


def _plain(value: Any) -> Any:
    """An attribute as the registry takes it."""
    if isinstance(value, Sym):
        return expression(value)
    if isinstance(value, torch.dtype):
        return platform_dtype(value)
    if isinstance(value, list | tuple):
        return tuple(_plain(v) for v in value)
    return value


def _items(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _nullable(declared: registry.Op, name: str) -> bool:
    return any(a.name == name and a.kind.endswith("?") for a in declared.attributes)


def _is_default(attribute: registry.Attribute, value: Any) -> bool:
    if attribute.default is registry.REQUIRED:
        return False
    default = attribute.normalise(attribute.default)
    return repr(default) == repr(value)
