"""Views of a tensor as the graph knows them: how a value follows from the one that it is a view of, and back.

The graph has no memory, so a write through a view must reach the base by nodes of its own. A *recipe* is the chain of nodes
that made the view: run again, it gives the view of a base that has changed; turned around, it puts a changed view back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcore.convert.from_torch.indexing import setitem
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dims import Expr
from mcore.platform.graph import Node
from mcore.platform.ops import registry

_EVERYTHING = slice(None)


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a recipe: ``output`` tells which of the node's values the view is, ``before`` is what it was made from."""

    node: Node
    output: int
    before: Value

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the node, those too that have their default value."""
        return registry.get(self.node.op).normalise(self.node.attributes)


def recipe(recorder: Recorder, nodes: Sequence[Node], base: Value, view: Value) -> tuple[Step, ...] | None:
    """How ``view`` was made from ``base`` by ``nodes``; ``None`` where it is not by a chain of nodes that all give views."""
    makers = {name: (node, i) for node in nodes for i, name in enumerate(node.outputs)}
    steps: list[Step] = []
    name = view.name
    while name != base.name:
        if name not in makers:
            return None
        node, output = makers[name]
        if node.op not in _ONTO and node.op != "expand":
            return None
        source = node.inputs[0]
        assert source is not None
        before = base if source == base.name else Value(source, recorder.types[source])
        steps.append(Step(node, output, before))
        name = source
    return tuple(reversed(steps))


def repeat(recorder: Recorder, steps: Sequence[Step], base: Value) -> Value:
    """The view of a ``base`` that has changed."""
    for step in steps:
        base = recorder.emit_all(step.node.op, [base], **step.node.attributes)[step.output]
    return base


def put(recorder: Recorder, steps: Sequence[Step], base: Value, view: Value) -> Value | None:
    """``base`` with the changed ``view`` of it in its place; ``None`` where that cannot be said by nodes."""
    if any(step.node.op not in _ONTO for step in steps):
        return None
    bases = [base]
    for step in steps[:-1]:
        bases.append(repeat(recorder, [step], bases[-1]))
    changed = view
    for step, around in zip(reversed(steps), reversed(bases[: len(steps)]), strict=True):
        changed = _ONTO[step.node.op](recorder, step, around, changed)
    return changed


def _reshaped(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    return recorder.emit("reshape", [view], shape=step.before.type.shape)


def _transposed(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    return recorder.emit("transpose", [view], **step.attributes)


def _permuted(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    dims = [d % view.rank for d in step.attributes["dims"]]
    return recorder.emit("permute", [view], dims=tuple(dims.index(d) for d in range(view.rank)))


def _sliced(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    given = step.attributes
    limits = (given[name] for name in ("start", "end", "step"))
    return _into(recorder, around, given["dim"], slice(*(_number(recorder, limit) for limit in limits)), view)


def _selected(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    given = step.attributes
    return _into(recorder, around, given["dim"], _number(recorder, given["index"]), view)


def _unbound(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    return _into(recorder, around, step.attributes["dim"], step.output, view)


def _part(recorder: Recorder, step: Step, around: Value, view: Value) -> Value:
    """A chunk or a part of a split: it begins where those before it end."""
    dim = step.attributes["dim"]
    sizes = [recorder.types[name].shape[dim] for name in step.node.outputs[: step.output + 1]]
    start: Any = 0
    for size in sizes[:-1]:
        start = start + size
    return _into(
        recorder, around, dim, slice(_number(recorder, start), _number(recorder, start + sizes[-1]), None), view
    )


def _into(recorder: Recorder, around: Value, dim: int, place: Any, view: Value) -> Value:
    changed: Value = setitem(recorder, around, (*[_EVERYTHING] * (dim % around.rank), place), view)
    return changed


def _number(recorder: Recorder, size: Any) -> Any:
    return recorder.number(size) if isinstance(size, Expr) else size


_Onto = Callable[[Recorder, Step, Value, Value], Value]

#: How a changed view goes back into what it was made from, by the op that made it.
_ONTO: dict[str, _Onto] = {
    **dict.fromkeys(("reshape", "flatten", "squeeze", "unsqueeze"), _reshaped),
    "transpose": _transposed,
    "permute": _permuted,
    "slice": _sliced,
    "select": _selected,
    "unbind": _unbound,
    "chunk": _part,
    "split": _part,
}
