"""Which tensor is which value of the graph, and which tensors went stale because their memory was written through another."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mcore.convert.recorder import Recorder, Value, platform_dtype
from mcore.platform.dims import Expr

#: What a key of a dict may hold, and the name of a weight not.
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(slots=True)
class _Entry:
    reference: weakref.ref[Tensor]
    value: Value
    storage: int
    version: int
    stale: str = ""


class Tracking:
    """Tensors of the model and of its running forward, by identity.

    - *weights*: parameters and buffers, values of the graph from the start;
    - *values*: inputs and what ops made of them;
    - *constants*: tensors that do not depend on inputs or weights: attributes of modules, and what the forward made from
      plain numbers. They become weights when an op takes them together with a value.

    Anything else is a tensor that came about behind torch's back, and is refused.
    """

    def __init__(self, model: nn.Module, recorder: Recorder) -> None:
        self._recorder = recorder
        self._entries: dict[int, _Entry] = {}
        self._constants: dict[int, tuple[weakref.ref[Tensor], str]] = {}
        self._frozen: set[int] = set()
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
        """The value of a tensor, ``None`` if it has none (yet); refuses one whose memory was overwritten."""
        entry = self._entries.get(id(tensor))
        if entry is None or entry.reference() is not tensor:
            return None
        if entry.stale:
            self._recorder.refuse(
                f"reads a tensor that was overwritten through a view of it at {entry.stale}; clone it first"
            )
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

    def _enter(self, tensor: Tensor, value: Value) -> None:
        self._entries[id(tensor)] = _Entry(weakref.ref(tensor), value, _storage(tensor), tensor._version)

    def lift(self, tensor: Tensor) -> Value:
        """The value of any tensor: a constant becomes a weight, an unknown tensor is refused."""
        value = self.value(tensor)
        if value is not None:
            return value
        self._recorder.dtype(tensor)
        if not self.is_constant(tensor):
            self._recorder.refuse(
                "uses a tensor that torch was not seen to make (by NumPy, or kept outside the model); "
                "register it as a buffer"
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

    def written(self, tensor: Tensor, place: str) -> None:
        """``tensor`` was written in place: other tensors on its memory are stale; writing a weight is refused."""
        storage = _storage(tensor)
        if storage in self._frozen:
            self._recorder.refuse("writes a parameter or buffer in place; compute a new tensor instead")
        for key, entry in self._entries.items():
            if entry.storage == storage and key != id(tensor) and entry.reference() is not None:
                entry.stale = place
        for key, (reference, _) in list(self._constants.items()):
            other = reference()
            if other is None or (key != id(tensor) and _storage(other) == storage):
                del self._constants[key]  # it now holds data: no constant any more

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
