"""How a network is called: from named input tensors to the arguments of its forward, and from its result to named outputs.

Inputs ``features.0``, ``features.1`` are one list argument. A result has names by its form: a tensor is ``out``, the items of a
list ``features.0`` and so on, those of a tuple ``out.0``, a dict's are its keys; inner forms are joined by dots. A dataclass
and a named tuple are as their dict; ``None`` and empty lists, tuples and dicts come back as they are, and have no name.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from mcore.convert.errors import CaptureRefused


def groups(names: list[str]) -> dict[str, list[str] | str]:
    """Input names by argument, in order: a name, or the list of names that are passed as one list."""
    found: dict[str, list[str] | str] = {}
    for name in names:
        stem, dot, number = name.rpartition(".")
        if dot and number.isdigit():
            members = found.setdefault(stem, [])
            if not isinstance(members, list) or len(members) != int(number):
                raise CaptureRefused(f"input {name!r} of the sampling is out of order")
            members.append(name)
        elif name in found:
            raise CaptureRefused(f"the sampling names input {name!r} twice")
        else:
            found[name] = name
    return found


def arguments(forward: Callable[..., Any], tensors: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for ``forward``: by name where it has parameters of all these names, else in order."""
    values = {
        name: [tensors[m] for m in members] if isinstance(members, list) else tensors[members]
        for name, members in groups(list(tensors)).items()
    }
    parameters = inspect.signature(forward).parameters
    if all(name in parameters for name in values):
        return (), values
    return tuple(values.values()), {}


def flatten(result: Any, leaf: Callable[[Any], bool]) -> tuple[dict[str, Any], Any]:
    """Named leaves of a network's result, and its form as plain data (see :func:`unflatten`).

    Raises:
        CaptureRefused: something in the result is neither a leaf nor a list, tuple or dict of them, or there is no leaf.
    """
    leaves: dict[str, Any] = {}
    form = _flatten(result, "", leaf, leaves)
    if not leaves:
        raise CaptureRefused("the network returns no tensor")
    return leaves, form


def unflatten(form: Any, leaves: Mapping[str, Any]) -> Any:
    """The result of that ``form``, with ``leaves`` by name."""
    if form is None:
        return None
    if isinstance(form, str):
        return leaves[form]
    ((kind, items),) = form.items()
    if kind == "dict":
        return {key: unflatten(item, leaves) for key, item in items}
    values = [unflatten(item, leaves) for item in items]
    return values if kind == "list" else tuple(values)


def _flatten(result: Any, name: str, leaf: Callable[[Any], bool], leaves: dict[str, Any]) -> Any:
    if leaf(result):
        name = name or "out"
        if name in leaves:
            raise CaptureRefused(f"two outputs of the network are named {name!r}; rename a key of its dict")
        leaves[name] = result
        return name
    if result is None:
        return None
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        result = result._asdict()
    if dataclasses.is_dataclass(result) and not isinstance(result, Mapping):
        result = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    if isinstance(result, Mapping):
        if not all(isinstance(key, str) and key and " " not in key for key in result):
            raise CaptureRefused("the network returns a dict whose keys are not words")
        return {"dict": [[k, _flatten(v, f"{name}.{k}" if name else k, leaf, leaves)] for k, v in result.items()]}
    if isinstance(result, list | tuple):
        stem = name or ("features" if isinstance(result, list) else "out")
        items = [_flatten(item, f"{stem}.{i}", leaf, leaves) for i, item in enumerate(result)]
        return {"list" if isinstance(result, list) else "tuple": items}
    raise CaptureRefused(
        f"output {name or 'of the network'!r} is {type(result).__name__}, not a tensor or a list, tuple or dict of tensors"
    )
