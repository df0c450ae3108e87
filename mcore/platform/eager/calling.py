"""Ops of the registry as functions of tensors, with torch's signatures.

A function takes what :attr:`Op.parameters` lists, in that order (the first input is called ``input``, as in torch), and after
it the parameters that torch has and the op has not, such as ``inplace``. Numbers and tensors may stand for each other where
the op has both, and an op whose only attribute is a list takes it as one argument or as many: ``permute(x, 0, 2, 1)``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, NamedTuple

import numpy as np

from mcore.platform.eager.base import Tensor, to_array, writable
from mcore.platform.errors import BackendError
from mcore.platform.ops import registry
from mcore.platform.ops.promotion import category
from mcore.platform.ops.registry import REQUIRED, VIEWS, Op

Function = Callable[..., Any]


class ValuesAndIndices(NamedTuple):
    """Values taken out of a tensor, and where they were along the dimension."""

    values: Tensor
    indices: Tensor


#: Ops that give a tuple, also where it has one element only.
_TUPLES = frozenset({"chunk", "meshgrid", "split", "unbind"})
_RANKED = frozenset({"cummax", "cummin", "median", "sort", "topk"})

_LISTS = frozenset({"ints", "sizes"})


def run(name: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """Compute the op ``name``: tensors, arrays or ``None`` in; a tensor, or a tuple of them where the op gives several, out.

    Raises:
        GraphError: inputs or attributes do not fit the op; ``ShapeError`` where it is the shapes.
    """
    arrays = [None if i is None else to_array(i) for i in inputs]
    results = registry.get(name).compute(arrays, {k: plain(v) for k, v in attributes.items()})
    if name not in VIEWS:  # what is none has memory of its own
        results = tuple(r.copy() if _shares(r, arrays) else r for r in results)
    if len(results) == 1 and name not in _TUPLES:
        return Tensor(results[0])
    tensors = [Tensor(r) for r in results]
    return ValuesAndIndices(*tensors) if name in _RANKED else tuple(tensors)


def function_of(
    op: Op,
    renamed: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    ignored: Collection[str] = (),
) -> Function:
    """The function of tensors that computes ``op``.

    Args:
        op: an op of the registry.
        renamed: torch's names of the op's parameters, where they differ.
        extra: parameters with their defaults that torch has besides; they must be left at them, but for ``inplace`` and
            those that are ``ignored``.
        ignored: names of extra parameters whose value does not matter.
    """
    renamed, extra = {"x": "input", **(renamed or {})}, extra or {}
    names = [renamed.get(name, name) for name in op.parameters]
    signature = Signature([*_parameters(op, names), *_extra_parameters(extra)])
    gathers = len(op.attributes) == 1 and op.attributes[0].kind.rstrip("?") in _LISTS and len(op.parameters) == 2

    def function(*args: Any, **kwargs: Any) -> Any:
        if gathers and len(args) > 2:
            args = (args[0], args[1:])
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = bound.arguments
        for name, default in extra.items():
            if name != "inplace" and name not in ignored and values[name] != default:
                raise BackendError(f"the Platform has no {op.name} with {name}={values[name]!r}")
        inputs, attributes = _sorted(op, dict(zip(op.parameters, (values[n] for n in names), strict=True)))
        result = run(op.name, inputs, attributes)
        return overwrite(inputs[0], result) if values.get("inplace") else result

    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = op.doc
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def overwrite(target: Tensor, result: Tensor) -> Tensor:
    """Write ``result`` into the memory of ``target``, which is returned.

    Raises:
        BackendError: shapes differ, or its element type cannot hold the result, or its memory is read-only.
    """
    array, value = target.numpy(), result.numpy()
    if array.shape != value.shape or category(result.dtype) > category(target.dtype):
        raise BackendError(
            f"a result of {result.dtype} {value.shape} cannot be written in place to {target.dtype} {array.shape}"
        )
    writable(target)[...] = target.dtype.cast(value)
    return target


def _shares(result: np.ndarray, arrays: Sequence[np.ndarray | None]) -> bool:
    return any(a is not None and np.may_share_memory(result, a) for a in arrays)


def plain(value: Any) -> Any:
    """An attribute without tensors and NumPy numbers in it."""
    if isinstance(value, Tensor | np.generic | np.ndarray):
        return value.item() if getattr(value, "ndim", 0) == 0 else tuple(value.tolist())
    if isinstance(value, list | tuple):
        return tuple(plain(v) for v in value)
    return value


def _sorted(op: Op, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Inputs in the op's order, and attributes by name."""
    attributes = {a.name: a for a in op.attributes}
    if op.variadic:
        first = op.inputs[0].strip("*")
        return list(values[first]), {k: v for k, v in values.items() if k in attributes}
    inputs: list[Any] = []
    given = dict(values)
    for declared in op.inputs:
        name = declared.rstrip("?")
        is_attribute = name in attributes and not isinstance(given[name], Tensor | np.ndarray)
        inputs.append(None if is_attribute else given.pop(name))
    return inputs, {k: v for k, v in given.items() if k in attributes}


def _parameters(op: Op, names: Sequence[str]) -> list[Parameter]:
    required = {i.strip("*") for i in op.inputs if not i.endswith("?")}
    attributes = {a.name: a for a in op.attributes}
    # An operand that may be a tensor or a number must be given, though neither form of it must.
    either = {i.rstrip("?") for i in op.inputs} & attributes.keys()
    found = []
    for own, shown in zip(op.parameters, names, strict=True):
        default = attributes[own].default if own in attributes else None
        needed = own in required or own in either or default is REQUIRED
        found.append(Parameter(shown, Parameter.POSITIONAL_OR_KEYWORD, default=Parameter.empty if needed else default))
    return found


def _extra_parameters(extra: Mapping[str, Any]) -> list[Parameter]:
    return [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default) for name, default in extra.items()]
