"""One concrete forward, seen at torch's functional level and written down node by node."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name

from mcore.convert.errors import CaptureRefused, ModelFailed, RuleDisagrees
from mcore.convert.from_torch import MAPPINGS, QUERIES, RANDOM
from mcore.convert.from_torch.table import getter
from mcore.convert.places import Scopes, raised_at
from mcore.convert.quotient import Quotient, insisted
from mcore.convert.recorder import Recorder, Value
from mcore.convert.symbolic import Sym, plain, size
from mcore.convert.tracking import Tracking, tensors
from mcore.platform.dtypes import DType
from mcore.platform.graph import Node, TensorType

#: Called with each new value's provisional name and its tensor, before anything can write over it.
Observer = Callable[[str, Tensor], None]


class Tracer(TorchFunctionMode):
    """Turns each torch function that a forward calls into nodes of a :class:`~mcore.convert.recorder.Recorder`.

    The function itself runs as ever, on real tensors; a table gives the nodes. Functions that the table lacks are collected,
    so that one refusal names them all.
    """

    def __init__(self, recorder: Recorder, tracking: Tracking, observer: Observer | None = None) -> None:
        super().__init__()
        self.recorder, self.tracking = recorder, tracking
        self.unmapped: dict[str, str] = {}
        self.fault: Exception | None = None
        self._observer = observer
        self._theirs: Exception | None = None
        self._opaque: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _SIZES:
            return self._size(func, *args, **kwargs)
        if func in QUERIES:
            return func(*args, **kwargs)
        try:
            return self._call(func, args, kwargs)
        except Exception as error:
            # Kept, lest the model catches it and goes on, or it is taken for the model's own.
            if error is not self._theirs:
                self.fault = self.fault or error
            raise

    def _call(self, func: Any, args: Any, kwargs: Any) -> Any:
        if func in RANDOM:
            self.recorder.refuse(f"draws random numbers ({_name(func)}); in evaluation it must not")
        given = list(tensors((args, kwargs)))
        if not any(self.tracking.depends(t) for t in given) and not _symbolic((args, kwargs)):
            return self._constant(func, given, args, kwargs)
        stated = {name: value for name, value in kwargs.items() if name != "out" or value is not None}
        lifted = _replaced((args, stated), self.tracking.lift)
        versions = [t._version for t in given]
        result = self._run(func, _replaced(args), _replaced(kwargs))
        written = [t for t, version in zip(given, versions, strict=True) if t._version != version]
        if func is Tensor.__setitem__ and _onto_itself(*_replaced(args)):
            return result  # the second half of ``x[...] += y``
        first = len(self.recorder.nodes)
        values = self._map(func, result, *lifted)
        nodes = self.recorder.nodes[first:]
        if written:
            self._write(written[0] if result is None else result, values, func, written)
        else:
            if not nodes and isinstance(values, Value):
                self.recorder.canonicalised[f"{_short_name(func)} dropped"] += 1
            self._bind(result, values, func, given, nodes)
        return result

    def _write(self, target: Any, value: Any, func: Any, written: list[Tensor]) -> None:
        """What a call that wrote to ``target`` makes of the values on its memory."""
        if not isinstance(value, Value) or not any(target is tensor for tensor in written):
            self.recorder.refuse(f"writes to what it does not return ({_name(func)}); compute a new tensor instead")
        if value.name not in self._opaque:
            self._check(target, value, func)
        self.recorder.canonicalised["in-place made functional"] += 1
        changed = self.tracking.written(target, value, self.recorder.place())
        if changed:
            self.recorder.canonicalised["writes through views made functional"] += 1
        for tensor, new in [(target, value), *changed]:
            if self._observer is not None:
                self._observer(new.name, tensor)

    def _run(self, func: Any, args: Any, kwargs: Any) -> Any:
        try:
            return func(*args, **kwargs)
        except Exception as error:
            self._theirs = error
            raise

    def _constant(self, func: Any, given: list[Tensor], args: Any, kwargs: Any) -> Any:
        """A call that depends on neither input nor weights: its result is a constant."""
        result = self._run(func, args, kwargs)
        if all(self.tracking.is_constant(t) for t in given):
            self.tracking.made_constant(result)
        elif not self.tracking.unseen_at:
            self.tracking.unseen_at = self.recorder.place()
        return result

    def _map(self, func: Any, result: Any, args: Any, kwargs: Any) -> Any:
        """What the table makes of a call, a tree of values like ``result``."""
        mapping = MAPPINGS.get(func)
        if mapping is None and next(tensors(result), None) is not None:
            self.unmapped.setdefault(_name(func), self.recorder.place())
        elif mapping is None:
            self.recorder.refuse(f"asks a tensor for its content ({_name(func)}): what follows cannot depend on data")
        if mapping is None or any(v.name in self._opaque for v in _values((args, kwargs))):
            return _replaced(result, self._unknown)
        try:
            inspect.signature(mapping).bind(self.recorder, *args, **kwargs)
        except TypeError as error:
            self.recorder.refuse(f"{_name(func)} is called in a way that the converter does not know: {error}")
        return mapping(self.recorder, *args, **kwargs)

    def _unknown(self, tensor: Tensor) -> Value:
        # The element type stands for any: nothing is made of this value but the list of what is unmapped.
        value = Value(f"?{len(self._opaque)}", TensorType(DType.FLOAT32, tuple(tensor.shape)))
        self._opaque.add(value.name)
        return value

    def _bind(self, result: Any, values: Any, func: Any, given: list[Tensor], nodes: list[Node]) -> None:
        if isinstance(result, Tensor):
            if not isinstance(values, Value):
                raise RuleDisagrees(f"{self.recorder.place()}: {_name(func)} gave one tensor, its mapping {values!r}")
            if values.name not in self._opaque:
                self._check(result, values, func)
            if self.tracking.value(result) is not values:
                self.tracking.bind_made(result, values, given, nodes)
                if self._observer is not None:
                    self._observer(values.name, result)
        elif isinstance(result, list | tuple):
            if not isinstance(values, list | tuple) or len(values) != len(result):
                raise RuleDisagrees(
                    f"{self.recorder.place()}: {_name(func)} gave {len(result)} tensors, its mapping other"
                )
            for item, value in zip(result, values, strict=True):
                self._bind(item, value, func, given, nodes)

    def _check(self, tensor: Tensor, value: Value, func: Any) -> None:
        found = (self.recorder.dtype(tensor), tuple(Tensor.size(tensor)))
        wanted = (value.type.dtype, self.recorder.concrete(value.type))
        if found != wanted:
            raise RuleDisagrees(
                f"{self.recorder.place()}: {_name(func)} gave {found[0]} {found[1]}, "
                f"the op's shape rule {wanted[0]} {wanted[1]}"
            )

    def _size(self, func: Any, tensor: Tensor, dim: int | None = None) -> Any:
        """``shape``, ``size()``, ``numel()`` and ``len()`` of a tensor, with the expressions of its sizes."""
        shape = self.tracking.shape(tensor)
        if shape is None:
            return func(tensor) if dim is None else func(tensor, dim)
        sizes = [size(n, e, self.recorder) for n, e in zip(Tensor.size(tensor), shape, strict=True)]
        if func is Tensor.__len__:
            if isinstance(sizes[0], Sym):
                self.recorder.leak("len()")
            return plain(sizes[0])
        if func is Tensor.numel or func is torch.numel:
            count = 1
            for number in sizes:
                count = number * count
            return count
        return torch.Size(sizes) if dim is None else sizes[dim]


def run_traced(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    inputs: Mapping[str, tuple[Tensor, TensorType]],
    symbols: Mapping[str, int],
    least: Mapping[str, int],
    observer: Observer | None = None,
) -> tuple[Recorder, Tracking, Any]:
    """Run ``model(*args, **kwargs)`` under a tracer.

    ``inputs`` are the tensors among the arguments, by the graph's names, with their symbolic types; ``symbols`` are the values
    of the size symbols and ``least`` their smallest legal ones; ``observer`` hears of each value as it is made.

    Returns:
        The recorder, the tracking (which knows the values of the tensors in the result), and the result.

    Raises:
        ModelFailed: the model's own code raised.
        CaptureRefused: the model does what a graph cannot hold.
        RuleDisagrees: an op's shape rule gives another type than torch.
    """
    scopes = Scopes(model)
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = "is compiled by torch.jit.script, which hides what it does; put the module itself there"
            raise CaptureRefused(what, f"{path} ({module.original_name})" if path else module.original_name)
    recorder = Recorder(symbols, scopes, least)
    tracking = Tracking(model, recorder)
    for name, (tensor, kind) in inputs.items():
        tracking.bind(tensor, Value(name, kind))
    tracer = Tracer(recorder, tracking, observer)
    failure: Exception | None = None
    result = None
    try:
        with scopes.following(), torch.no_grad(), tracer:
            result = model(*args, **kwargs)
    except Exception as error:
        failure = error
    recorder.running = False
    if tracer.unmapped:
        raise CaptureRefused(_listed(tracer.unmapped)) from failure
    if tracer.fault is not None:
        raise tracer.fault
    if failure is not None and insisted(failure):
        what = "takes a quotient of sizes for a number, which would be baked into the graph; round it by math.ceil"
        raise CaptureRefused(what, scopes.place(raised_at(failure))) from failure
    if failure is not None:
        raise ModelFailed(failure, scopes.place(raised_at(failure))) from failure
    return recorder, tracking, result


_SIZES = {getter("shape"), Tensor.size, Tensor.numel, torch.numel, Tensor.__len__}


def _replaced(tree: Any, replace: Callable[[Tensor], Any] | None = None) -> Any:
    """``tree`` with tensors replaced; without a replacement, with plain integers for symbolic sizes."""
    if isinstance(tree, Tensor):
        return replace(tree) if replace is not None else tree
    if isinstance(tree, Sym):
        return tree if replace is not None else plain(tree)
    if isinstance(tree, Quotient):
        return float(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return tuple(_replaced(item, replace) for item in tree)
    if isinstance(tree, list | tuple):
        return type(tree)(_replaced(item, replace) for item in tree)
    if isinstance(tree, dict):
        return {key: _replaced(item, replace) for key, item in tree.items()}
    if isinstance(tree, slice):
        return slice(*(_replaced(item, replace) for item in (tree.start, tree.stop, tree.step)))
    return tree


def _symbolic(tree: Any) -> bool:
    """Whether a symbolic size is anywhere in ``tree``."""
    if isinstance(tree, list | tuple):
        return any(_symbolic(item) for item in tree)
    if isinstance(tree, dict):
        return any(_symbolic(item) for item in tree.values())
    if isinstance(tree, slice):
        return _symbolic((tree.start, tree.stop, tree.step))
    return isinstance(tree, Sym | Quotient)


def _values(tree: Any) -> list[Value]:
    found: list[Value] = []
    if isinstance(tree, Value):
        found.append(tree)
    elif isinstance(tree, list | tuple):
        for item in tree:
            found += _values(item)
    elif isinstance(tree, dict):
        found += _values(list(tree.values()))
    elif isinstance(tree, slice):
        found += _values((tree.start, tree.stop, tree.step))
    return found


def _onto_itself(target: Tensor, index: Any, value: Any) -> bool:
    """Whether ``target[index] = value`` writes a view of ``target`` to where it lies."""
    if not isinstance(value, Tensor) or value.untyped_storage()._cdata != target.untyped_storage()._cdata:
        return False
    view = target[index]
    return (view.data_ptr(), view.shape, view.stride()) == (value.data_ptr(), value.shape, value.stride())


def _short_name(func: Any) -> str:
    """The function's own name; of the getter of a property, the property's."""
    return _name(func).removesuffix(".__get__").rpartition(".")[2]


def _name(func: Any) -> str:
    return resolve_name(func) or getattr(func, "__qualname__", repr(func))


def _listed(unmapped: Mapping[str, str]) -> str:
    first, *rest = (f"{name} at {place}" for name, place in unmapped.items())
    return "no op of the Platform for " + "; ".join([first, *rest])
