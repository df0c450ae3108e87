"""Which tensor is which value of the graph, and what a write to memory that several tensors share makes of their values."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mcore.convert.errors import CaptureRefused
from mcore.convert.recorder import Recorder, Value, platform_dtype
from mcore.convert.views import Step, put, recipe, repeat
from mcore.platform.dims import Expr
from mcore.platform.graph import Node

#: What a key of a dict may hold, and the name of a weight not.
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(slots=True)
class _Memory:
    """Memory that several tensors may lie in: how often it was written, and where last."""

    writes: int = 0
    place: str = ""


@dataclass(slots=True)
class _Entry:
    """A tensor, and its value as of so many writes to its memory.

    A view knows what it is a view of, and by which nodes; ``None`` where it was not seen how it came about.
    """

    reference: weakref.ref[Tensor]
    value: Value
    storage: int
    version: int
    memory: _Memory
    seen: int = 0
    parent: _Entry | None = None
    recipe: tuple[Step, ...] | None = None


class Tracking:
    """Tensors of the model and of its running forward, by identity.

    - *weights*: parameters and buffers, values of the graph from the start;
    - *values*: inputs and what ops made of them;
    - *constants*: tensors that do not depend on inputs or weights: attributes of modules, and what the forward made from
      plain numbers. They become weights when an op takes them together with a value.

    Anything else is a tensor that came about behind torch's back, and is refused.

    A write through a view changes the values of all that it is a view of; other views of the same memory follow when they are
    read next. What cannot be followed is refused when it is read.
    """

    def __init__(self, model: nn.Module, recorder: Recorder) -> None:
        self._recorder = recorder
        self._entries: dict[int, _Entry] = {}
        self._constants: dict[int, tuple[weakref.ref[Tensor], str]] = {}
        self._frozen: set[int] = set()
        #: Where the model first used a tensor that is none of these.
        self.unseen_at = ""
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            self._frozen.add(_storage(tensor))
            if is_storable(tensor):
                self.bind(tensor, recorder.weight(name, tensor))
        for name, tensor in _attributes(model):
            self._remember(tensor, name)

    def shape(self, tensor: Tensor) -> tuple[int | Expr, ...] | None:
        """Symbolic shape of a tensor, ``None`` if it is no value; what was overwritten keeps its shape."""
        entry = self._entries.get(id(tensor))
        return entry.value.type.shape if entry is not None and entry.reference() is tensor else None

    def value(self, tensor: Tensor) -> Value | None:
        """The value of a tensor, ``None`` if it has none (yet); refuses one that was overwritten in a way not followed."""
        entry = self._entry(tensor)
        if entry is None:
            return None
        self._refresh(entry)
        if id(tensor) in self._constants and entry.version != tensor._version:
            return None  # a constant that was changed after an op took it
        return entry.value

    def depends(self, tensor: Tensor) -> bool:
        """Whether the tensor is a value of the graph, not a constant."""
        return not self.is_constant(tensor) and self.value(tensor) is not None

    def bind(self, tensor: Tensor, value: Value) -> None:
        """Let ``tensor`` stand for ``value`` from now on."""
        self._constants.pop(id(tensor), None)
        self._enter(tensor, value)

    def bind_made(self, tensor: Tensor, value: Value, given: Sequence[Tensor], nodes: Sequence[Node]) -> None:
        """Let ``tensor``, made by ``nodes`` from ``given``, stand for ``value``; it may be a view of one of them."""
        self.bind(tensor, value)
        entry = self._entries[id(tensor)]
        for other in given:
            source = self._entry(other)
            if source is not None and source is not entry and source.storage == entry.storage == _storage(other):
                entry.parent, entry.memory, entry.seen = source, source.memory, source.seen
                entry.recipe = recipe(self._recorder, nodes, source.value, value)
                return

    def _entry(self, tensor: Tensor) -> _Entry | None:
        entry = self._entries.get(id(tensor))
        return entry if entry is not None and entry.reference() is tensor else None

    def _enter(self, tensor: Tensor, value: Value) -> None:
        entry = _Entry(weakref.ref(tensor), value, _storage(tensor), tensor._version, _Memory())
        self._entries[id(tensor)] = entry

    def _refresh(self, entry: _Entry) -> None:
        """Let the value of an entry be that of its memory as it is now."""
        if entry.seen == entry.memory.writes:
            return
        if entry.parent is None or entry.recipe is None:
            self._recorder.refuse(
                f"reads a tensor that was overwritten through a view of it at {entry.memory.place}; clone it first"
            )
        self._refresh(entry.parent)
        entry.value, entry.seen = repeat(self._recorder, entry.recipe, entry.parent.value), entry.parent.seen

    def lift(self, tensor: Tensor) -> Value:
        """The value of any tensor: a constant becomes a weight, an unknown tensor is refused."""
        value = self.value(tensor)
        if value is not None:
            return value
        self._recorder.dtype(tensor)
        if not self.is_constant(tensor):
            raise CaptureRefused(
                "uses a tensor that torch was not seen to make (by NumPy, torch.jit or vmap, or kept outside the "
                "model); register it as a buffer, or write it with torch's functions",
                self.unseen_at or self._recorder.place(),
            )
        _, name = self._constants[id(tensor)]
        value = self._recorder.constant(tensor, name)
        self._enter(tensor, value)
        return value

    def is_constant(self, tensor: Tensor) -> bool:
        """Whether the tensor is known not to depend on inputs or weights."""
        known = self._constants.get(id(tensor))
        return known is not None and known[0]() is tensor

    def made_constant(self, result: Any) -> None:
        """Remember all tensors in ``result`` as constants."""
        for tensor in tensors(result):
            if self.value(tensor) is None:
                self._remember(tensor, "")

    def written(self, tensor: Tensor, value: Value, place: str) -> list[tuple[Tensor, Value]]:
        """``tensor`` was written in place and has ``value`` now; returns what else has a new value, if it is still there.

        Refuses the writing of a weight. Constants on the same memory are none any more: they hold data.
        """
        storage = _storage(tensor)
        if storage in self._frozen:
            self._recorder.refuse("writes a parameter or buffer in place; compute a new tensor instead")
        for key, (reference, _) in list(self._constants.items()):
            other = reference()
            if other is None or _storage(other) == storage:
                del self._constants[key]
        entry = self._entry(tensor)
        if entry is None:
            self.bind(tensor, value)
            return []
        changes = [(entry, value)]
        while entry.parent is not None:
            self._refresh(entry.parent)
            changed = None
            if entry.recipe is not None:
                changed = put(self._recorder, entry.recipe, entry.parent.value, changes[-1][1])
            if changed is None:
                break  # the base is lost, and refused if it is read
            entry = entry.parent
            changes.append((entry, changed))
        entry.memory.writes += 1
        entry.memory.place = place
        for changed_entry, new in changes:
            changed_entry.value, changed_entry.seen = new, entry.memory.writes
        return [(base, new) for e, new in changes[1:] if (base := e.reference()) is not None]

    def _remember(self, tensor: Tensor, name: str) -> None:
        self._constants[id(tensor)] = (weakref.ref(tensor), name)


def tensors(tree: Any) -> Iterator[Tensor]:
    """All tensors in nested lists, tuples, dicts and slices, in order."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from tensors(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from tensors(item)
    elif isinstance(tree, slice):
        yield from tensors((tree.start, tree.stop, tree.step))


def is_storable(tensor: Tensor) -> bool:
    """Whether the Platform has the element type of ``tensor``."""
    try:
        platform_dtype(tensor.dtype)
    except ValueError:
        return False
    return True


def _attributes(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Tensors that modules keep as plain attributes, alone or in lists, tuples and dicts, with their dotted names."""
    for path, module in model.named_modules():
        for name, held in vars(module).items():
            if name not in ("_parameters", "_buffers", "_modules"):
                yield from _named(f"{path}.{name}" if path else name, held)


def _named(name: str, held: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(held, Tensor):
        yield name, held
    elif isinstance(held, list | tuple):
        for position, item in enumerate(held):
            yield from _named(f"{name}.{position}", item)
    elif isinstance(held, dict):
        for key, item in held.items():
            yield from _named(f"{name}.{_NO_NAME.sub('_', str(key)).strip('_')}", item)


def _storage(tensor: Tensor) -> int:
    return torch.Tensor.untyped_storage(tensor)._cdata
