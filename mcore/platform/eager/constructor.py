"""What an object was built by, as JSON: enough for a manifest to build it again.

The metaclass :class:`Recorded` keeps ``{"target": "module:QualName", "parameters": {...}}`` with the object when it is made,
with every parameter of ``__init__``, defaults too; :func:`recorded` tells it. It is ``obj.constructor`` too, unless the class,
a third party's perhaps, has something of its own by that name. Values are kept as JSON has them, and else:

- a class or function: ``{"class": "module:QualName"}``; a base layer is ``mcore.layers:Conv2d`` whatever the backend;
- an object that is recorded itself (a backbone given to a network): its own constructor;
- ``*args``: a list under ``"*"``; ``**kwargs``: beside the others;
- anything else: ``{"unrecordable": "<type>"}``, which :func:`rebuild` refuses by name.

Sequences come back as tuples, so that what was recorded can be recorded again to the same JSON.
"""

from __future__ import annotations

import inspect
import math
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from mcore.platform.errors import BackendError

Constructor = dict[str, Any]

#: Packages whose classes a manifest may name without the caller saying so.
TRUSTED = ("mcore", "models")

_RESERVED = frozenset({"class", "target", "unrecordable"})
_PUBLIC: dict[Any, str] = {}


def publish(module: str, objects: Mapping[str, Any]) -> None:
    """Record the classes among ``objects`` as ``module:name``, a name that holds on both backends."""
    for name, value in objects.items():
        if isinstance(value, type):
            _PUBLIC[value] = f"{module}:{name}"


#: Where an object keeps its record: a name that no class of a third party has.
_RECORD = "_mcore_constructor"


class _Record:
    """``constructor`` of the objects of a class: their record. What they have of their own by that name goes before it."""

    def __get__(self, obj: Any, kind: type | None = None) -> Any:
        if obj is None:
            return self
        own = (vars(obj).get(kept, ()) for kept in ("_parameters", "_buffers", "_modules"))
        if any("constructor" in names for names in own) or (found := recorded(obj)) is None:
            raise AttributeError("constructor")  # and so ``__getattr__`` looks among parameters, buffers and modules
        return found


class Recorded(ABCMeta):
    """Metaclass that records, on every object, the arguments it was made with."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        super().__init__(name, bases, namespace, **options)
        if not any(isinstance(base, Recorded) for base in bases) and "constructor" not in namespace:
            type.__setattr__(cls, "constructor", _Record())

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        obj = super().__call__(*args, **kwargs)
        object.__setattr__(obj, _RECORD, record(cls, args, kwargs))
        return obj

    @property
    def __signature__(cls) -> inspect.Signature:
        # Else the signature of the metaclass's __call__ would hide that of the constructor.
        return _signature(cls)


def record(
    target: Callable[..., Any], args: Iterable[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> Constructor:
    """The constructor of ``target(*args, **kwargs)`` as JSON."""
    bound = _signature(target).bind(*args, **(kwargs or {}))
    bound.apply_defaults()
    parameters: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            parameters.update({k: _encode(v) for k, v in value.items()})
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            if value:
                parameters["*"] = _encode(value)
        else:
            parameters[name] = _encode(value)
    return {"target": _name(target), "parameters": parameters}


def recorded(obj: Any) -> Constructor | None:
    """What ``obj`` was built by, ``None`` if that was not recorded."""
    found: Constructor | None = getattr(obj, "__dict__", {}).get(_RECORD)
    return found


def rebuild(constructor: Mapping[str, Any], *, trusted: Iterable[str] = ()) -> Any:
    """The object that ``constructor`` describes, built anew (with fresh weights).

    Args:
        constructor: as :func:`record` gives it, maybe read from a manifest, maybe hostile.
        trusted: top-level packages that it may name, besides ``mcore`` and ``models``.

    Raises:
        BackendError: it is malformed, names what is not trusted or not there, or holds an unrecordable value.
    """
    return _rebuild(constructor, frozenset((*TRUSTED, *trusted)), "constructor")


@lru_cache(maxsize=4096)
def _signature(target: Callable[..., Any]) -> inspect.Signature:
    if not isinstance(target, type):
        return inspect.signature(target)
    initialiser = inspect.signature(target.__init__)  # type: ignore[misc]
    return initialiser.replace(parameters=list(initialiser.parameters.values())[1:])


def _name(target: Any) -> str:
    return _PUBLIC.get(target) or f"{target.__module__}:{target.__qualname__}"


def _encode(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"unrecordable": repr(value)}
    if isinstance(value, list | tuple):
        return [_encode(v) for v in value]
    if isinstance(value, Mapping):
        if all(isinstance(k, str) for k in value) and not _RESERVED & value.keys():
            return {k: _encode(v) for k, v in value.items()}
    elif isinstance(value, type) or inspect.isfunction(value):
        if value in _PUBLIC or "<" not in value.__qualname__:
            return {"class": _name(value)}
    elif isinstance(type(value), Recorded):
        return recorded(value)
    return {"unrecordable": getattr(value, "__qualname__", type(value).__name__)}


def _rebuild(value: Any, trusted: frozenset[str], where: str) -> Any:
    if not isinstance(value, Mapping) or not {"target", "parameters"} == value.keys():
        raise BackendError(f"{where} is not of the form {{'target', 'parameters'}}")
    if not isinstance(value["parameters"], Mapping):
        raise BackendError(f"{where}.parameters is not an object")
    target = _resolve(value["target"], trusted, where)
    where = str(value["target"]).rpartition(":")[2]
    parameters = {k: _decode(v, trusted, f"{where}({k})") for k, v in value["parameters"].items()}
    positional = parameters.pop("*", ())
    signature = _signature(target).parameters
    before = (
        [n for n, p in signature.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if positional
        else []
    )
    try:
        return target(*(parameters.pop(n) for n in before), *positional, **parameters)
    except Exception as error:  # whatever the constructor thinks of these arguments
        raise BackendError(f"{where} cannot be built from its record: {error}") from error


def _decode(value: Any, trusted: frozenset[str], where: str) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_decode(v, trusted, where) for v in value)
    if not isinstance(value, Mapping):
        return value
    if "unrecordable" in value:
        raise BackendError(f"{where} was given a {value['unrecordable']}, which a manifest cannot hold")
    if "class" in value:
        return _resolve(value["class"], trusted, where)
    if "target" in value:
        return _rebuild(value, trusted, where)
    return {k: _decode(v, trusted, where) for k, v in value.items()}


def _resolve(name: Any, trusted: frozenset[str], where: str) -> Any:
    module, _, path = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not path or not all(part.isidentifier() for part in (*module.split("."), *path.split("."))):
        raise BackendError(f"{where} names no class or function: {name!r}")
    _check_trust(module, trusted, name)
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise BackendError(f"{where} names {name}, which is not here: {error}") from None
    if not callable(found):
        raise BackendError(f"{where} names no class or function: {name!r}")
    if found not in _PUBLIC:
        # A trusted module may import what is not to be trusted: models.utils:subprocess.Popen.
        _check_trust(getattr(found, "__module__", ""), trusted, name)
    return found


def _check_trust(module: str, trusted: frozenset[str], name: str) -> None:
    package = module.partition(".")[0]
    if package not in trusted:
        raise BackendError(
            f"{name} is outside the trusted packages {', '.join(sorted(trusted))}: name {package!r} as trusted"
        )
