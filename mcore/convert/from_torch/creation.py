"""Tensors made from numbers and from the sizes of other tensors. What depends on no size is a constant and never comes here."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from mcore.convert.from_torch.table import maps, sequence
from mcore.convert.recorder import Recorder, Value, platform_dtype
from mcore.convert.symbolic import Sym, maximum
from mcore.platform.dtypes import DType

#: What says where and how torch keeps a tensor, which the graph does not know.
_MEMORY = ("device", "layout", "memory_format", "pin_memory", "requires_grad", "names")


def _dtype(recorder: Recorder, options: dict[str, Any], default: DType) -> DType:
    """The element type among the options of a creating function; refuses what is no such option."""
    dtype = options.pop("dtype", None)
    if strange := sorted(options.keys() - set(_MEMORY)):
        recorder.refuse(f"makes a tensor with argument {strange[0]!r}, which the converter does not know")
    return default if dtype is None else platform_dtype(dtype)


def _full(recorder: Recorder, size: Any, value: Any, dtype: DType) -> Value:
    if isinstance(value, Value):
        recorder.refuse("fills a tensor with a value that depends on data; use expand")
    if isinstance(value, float) and math.isnan(value):
        return recorder.emit(
            "expand", [recorder.constant(torch.tensor(value, dtype=getattr(torch, dtype.value)))], size=tuple(size)
        )
    return recorder.emit("full", [], size=tuple(size), fill_value=value, dtype=dtype)


def _default() -> DType:
    return platform_dtype(torch.get_default_dtype())


# What is not filled may hold anything: zeros too.
for _name, _fill in (("zeros", 0), ("ones", 1), ("empty", 0)):

    def _create(recorder: Recorder, *size: Any, _fill: int = _fill, **options: Any) -> Value:
        sizes = options.pop("size", None) if not size else sequence(size[0], size[1:])
        return _full(recorder, sizes, _fill, _dtype(recorder, options, _default()))

    def _alike(recorder: Recorder, input: Value, _fill: int = _fill, **options: Any) -> Value:
        return _full(recorder, input.type.shape, _fill, _dtype(recorder, options, input.type.dtype))

    def _new(recorder: Recorder, self: Value, *size: Any, _fill: int = _fill, **options: Any) -> Value:
        return _full(recorder, sequence(size[0], size[1:]), _fill, _dtype(recorder, options, self.type.dtype))

    maps(getattr(torch, _name))(_create)
    maps(getattr(torch, f"{_name}_like"))(_alike)
    maps(getattr(Tensor, f"new_{_name}"))(_new)


@maps(torch.full)
def full(recorder: Recorder, size: Any, fill_value: Any, **options: Any) -> Value:
    return _full(recorder, size, fill_value, _dtype(recorder, options, _of_number(fill_value)))


@maps(torch.full_like)
def full_like(recorder: Recorder, input: Value, fill_value: Any, **options: Any) -> Value:
    return _full(recorder, input.type.shape, fill_value, _dtype(recorder, options, input.type.dtype))


@maps(Tensor.new_full)
def new_full(recorder: Recorder, self: Value, size: Any, fill_value: Any, **options: Any) -> Value:
    return _full(recorder, size, fill_value, _dtype(recorder, options, self.type.dtype))


@maps("zero_")
def zero(recorder: Recorder, self: Value) -> Value:
    return _full(recorder, self.type.shape, 0, self.type.dtype)


@maps("fill")
def fill(recorder: Recorder, self: Value, value: Any) -> Value:
    return _full(recorder, self.type.shape, value, self.type.dtype)


def _of_number(value: Any) -> DType:
    if isinstance(value, bool):
        return DType.BOOL
    return DType.INT64 if isinstance(value, int) else _default()


@maps(torch.arange)
def arange(recorder: Recorder, *limits: Any, **options: Any) -> Value:
    given = dict(zip(("end",) if len(limits) == 1 else ("start", "end", "step"), limits, strict=False))
    given |= {name: options.pop(name) for name in ("start", "end", "step") if name in options}
    start, end, step = given.get("start", 0), given["end"], given.get("step", 1)
    numbers = [_of_number(n) for n in (start, end, step)]
    dtype = _dtype(recorder, options, next((n for n in numbers if n.is_floating), DType.INT64))
    if step == 1 and isinstance(end, Sym) and isinstance(start, float) and dtype.is_floating:
        # As many as from the whole number below: end - start is rounded up.
        whole = recorder.emit("arange", [], start=math.floor(start), end=end, dtype=dtype)
        fraction = start - math.floor(start)
        return recorder.emit("add", [whole], other=fraction) if fraction else whole
    return recorder.emit("arange", [], start=start, end=end, step=step, dtype=dtype)


@maps(torch.linspace)
def linspace(recorder: Recorder, start: Any, end: Any, steps: Any, **options: Any) -> Value:
    dtype = _dtype(recorder, options, _default())
    if any(isinstance(n, Value) for n in (start, end)) or not dtype.is_floating:
        recorder.refuse("linspace between tensors, or of whole numbers, has no op of the Platform; use arange")
    indices = recorder.emit("arange", [], start=0, end=steps, dtype=dtype)
    scaled = recorder.emit("mul", [indices], other=_fraction(end - start))
    return recorder.emit("add", [recorder.emit("div", [scaled], other=maximum(steps - 1, 1))], other=_fraction(start))


def _fraction(number: Any) -> Any:
    return number if isinstance(number, Sym) else float(number)


@maps(torch.eye)
def eye(recorder: Recorder, n: Any, m: Any = None, **options: Any) -> Value:
    dtype = _dtype(recorder, options, _default())
    rows, columns = (
        recorder.emit("arange", [], start=0, end=count, dtype=DType.INT64) for count in (n, n if m is None else m)
    )
    same = recorder.emit("eq", [recorder.emit("unsqueeze", [rows], dim=1), columns])
    return recorder.emit("cast", [same], dtype=dtype)


@maps(torch.meshgrid)
def meshgrid(recorder: Recorder, *tensors: Any, indexing: str = "ij") -> tuple[Value, ...]:
    axes = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else list(tensors)
    order = list(range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        order[:2] = 1, 0
    shape = tuple(axes[i].type.shape[0] if axes[i].rank else 1 for i in order)
    grids = []
    for position, axis in enumerate(axes):
        column = tuple(-1 if order[d] == position else 1 for d in range(len(axes)))
        flat = recorder.emit("reshape", [axis], shape=column)
        grids.append(recorder.emit("expand", [flat], size=shape))
    return tuple(grids)


@maps(torch.tensor, torch.as_tensor, torch.scalar_tensor)
def tensor(recorder: Recorder, data: Any, **options: Any) -> Value:
    """A tensor of numbers among which is a symbolic size."""
    if isinstance(data, Value):
        return data if options.get("dtype") is None else recorder.emit("cast", [data], dtype=options["dtype"])
    flat = list(data) if isinstance(data, list | tuple) else [data]
    if any(not isinstance(n, int | float | bool) for n in flat):
        recorder.refuse("makes a tensor of sizes in a way that the converter does not know; stack tensors instead")
    kinds = [_of_number(n) for n in flat]
    dtype = _dtype(recorder, options, next((k for k in kinds if k.is_floating), kinds[0]))
    numbers = [_full(recorder, (), n, dtype) for n in flat]
    return recorder.emit("stack", list(numbers), dim=0) if isinstance(data, list | tuple) else numbers[0]
