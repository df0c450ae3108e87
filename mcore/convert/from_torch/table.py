"""The table from torch callables to nodes, and how entries get into it.

A *mapping* takes the recorder and the arguments of the call, with :class:`~mcore.convert.recorder.Value` for tensors, emits
nodes, and returns values in the form of the call's result. Its parameters are those of the torch function; one that it lacks
makes the converter refuse the call by name, so nothing that a caller asked for is left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from mcore.convert.recorder import Recorder, Value
from mcore.platform.dims import Expr
from mcore.platform.ops import registry

Mapping = Callable[..., Any]

#: Every torch callable that the converter knows.
MAPPINGS: dict[Any, Mapping] = {}

#: torch's names for the first operand.
_FIRST = ("input", "self")

_HOMES = (torch.nn.functional, torch, Tensor, torch.special, torch._C._nn)


def callables(name: str) -> list[Any]:
    """The functions of that name in torch's public homes, those that work in place (``relu_``) too."""
    found = [getattr(home, n) for home in _HOMES for n in (name, f"{name}_") if hasattr(home, n)]
    if not found:
        raise LookupError(f"torch has no function {name!r}")
    return found


def getter(name: str) -> Any:
    """What reading the property ``name`` of a tensor calls."""
    return getattr(Tensor, name).__get__


def maps(*targets: Any) -> Callable[[Mapping], Mapping]:
    """Put the decorated mapping into the table for ``targets``: names of functions, or callables."""

    def register(mapping: Mapping) -> Mapping:
        for target in targets:
            for function in callables(target) if isinstance(target, str) else [target]:
                MAPPINGS.setdefault(function, mapping)
        return mapping

    return register


def direct(op: str, *targets: Any, renamed: dict[str, str] | None = None) -> None:
    """Map ``targets`` (by default the functions of the op's name), whose arguments are those of ``op`` in its calling order.

    ``renamed`` has the op's names for keywords of torch that differ.
    """
    maps(*(targets or (op,)))(_straight(registry.get(op), renamed or {}))


def _straight(op: registry.Op, renamed: dict[str, str]) -> Mapping:
    inputs = [name.rstrip("?") for name in op.inputs]
    attributes = {a.name for a in op.attributes}

    def mapping(recorder: Recorder, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        if len(args) > len(op.parameters):
            recorder.refuse(f"{op.name} is called with more arguments than the op has")
        given = dict(zip(op.parameters, args, strict=False))
        for name, value in kwargs.items():
            own = renamed.get(name, op.parameters[0] if name in _FIRST else name)
            if own in given or own not in op.parameters:
                if value is None:
                    continue
                recorder.refuse(f"{op.name} is called with argument {name!r}, which the op does not have")
            given[own] = value
        values = [given.pop(n) if isinstance(given.get(n), Value) else None for n in inputs]
        rest = {n: v for n, v in given.items() if n in attributes or v is not None}
        outputs = recorder.emit_all(op.name, values, **rest)
        return outputs[0] if len(outputs) == 1 else outputs

    return mapping


def sequence(first: Any, rest: Iterable[Any]) -> tuple[Any, ...]:
    """The sequence of a function that takes ``f(x, 1, 2)`` as well as ``f(x, (1, 2))``."""
    rest = tuple(rest)
    if isinstance(first, list | tuple) and not rest:
        return tuple(first)
    return () if first is None and not rest else (first, *rest)


def repeated(value: Any, count: int) -> tuple[Any, ...]:
    """``count`` values: those of a sequence, or one value as often."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) * count


def gathered(recorder: Recorder, args: tuple[Any, ...], named: dict[str, Any], keyword: str) -> tuple[Any, ...]:
    """The sequence of a function that takes ``f(x, 1, 2)``, ``f(x, (1, 2))`` and ``f(x, keyword=(1, 2))``."""
    given = args or ((named.pop(keyword),) if keyword in named else ())
    if named or not given:
        recorder.refuse(f"{keyword} is given in a way that the converter does not know")
    return sequence(given[0], given[1:])


def whole(recorder: Recorder, value: int | Expr, what: str) -> int:
    """``value`` as a plain number; refuses a size that depends on the input."""
    if not isinstance(value, int):
        recorder.refuse(f"{what} depends on the size of the input ({value})")
    return value
