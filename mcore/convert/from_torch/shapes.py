"""The same elements in another shape or order; tensors joined and taken apart; what changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from mcore.convert.from_torch.table import direct, gathered, getter, maps, sequence, whole
from mcore.convert.recorder import Recorder, Value
from mcore.convert.symbolic import Sym, minimum


@maps("reshape")
def reshape(recorder: Recorder, input: Value, *shape: Any, **named: Any) -> Value:
    return recorder.emit("reshape", [input], shape=gathered(recorder, shape, named, "shape"))


@maps(Tensor.view)
def view(recorder: Recorder, self: Value, *shape: Any, **named: Any) -> Value:
    if named or any(isinstance(s, torch.dtype) for s in shape):
        recorder.refuse("view in another element type has no op of the Platform")
    return reshape(recorder, self, *shape)


@maps(Tensor.view_as, Tensor.reshape_as)
def view_as(recorder: Recorder, self: Value, other: Value) -> Value:
    return recorder.emit("reshape", [self], shape=other.type.shape)


@maps("unflatten")
def unflatten(recorder: Recorder, input: Value, dim: int, sizes: Any) -> Value:
    axis = dim % input.rank
    inner = tuple(sizes) if isinstance(sizes, list | tuple) else (sizes,)
    shape = input.type.shape
    return recorder.emit("reshape", [input], shape=(*shape[:axis], *inner, *shape[axis + 1 :]))


direct("flatten")
direct("transpose", renamed={"axis0": "dim0", "axis1": "dim1"})
maps("swapaxes", "swapdims")(lambda recorder, input, a, b: recorder.emit("transpose", [input], dim0=a, dim1=b))
direct("unsqueeze")
direct("pixel_shuffle")
direct("pixel_unshuffle")
direct("channel_shuffle")


@maps("permute")
def permute(recorder: Recorder, input: Value, *dims: Any, **named: Any) -> Value:
    return recorder.emit("permute", [input], dims=gathered(recorder, dims, named, "dims"))


@maps("t")
def t(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("transpose", [input], dim0=0, dim1=1) if input.rank == 2 else input


maps(getter("T"))(lambda recorder, self: recorder.emit("permute", [self], dims=tuple(range(self.rank))[::-1]))
maps(getter("mT"))(lambda recorder, self: recorder.emit("transpose", [self], dim0=-2, dim1=-1))


@maps("movedim", "moveaxis")
def movedim(recorder: Recorder, input: Value, source: Any, destination: Any) -> Value:
    rank = input.rank
    origins = [d % rank for d in sequence(source, ())]
    targets = [d % rank for d in sequence(destination, ())]
    rest = iter(d for d in range(rank) if d not in origins)
    placed = dict(zip(targets, origins, strict=True))
    return recorder.emit("permute", [input], dims=tuple(placed[d] if d in placed else next(rest) for d in range(rank)))


@maps("squeeze")
def squeeze(recorder: Recorder, input: Value, dim: Any = None) -> Value:
    if dim is None:
        ones = tuple(d for d, size in enumerate(input.type.shape) if size == 1)
        return recorder.emit("squeeze", [input], dim=ones) if ones else input
    return recorder.emit("squeeze", [input], dim=sequence(dim, ()))


@maps(Tensor.expand)
def expand(recorder: Recorder, self: Value, *size: Any, **named: Any) -> Value:
    return recorder.emit("expand", [self], size=gathered(recorder, size, named, "size"))


@maps(Tensor.expand_as)
def expand_as(recorder: Recorder, self: Value, other: Value) -> Value:
    return recorder.emit("expand", [self], size=other.type.shape)


@maps("broadcast_to")
def broadcast_to(recorder: Recorder, input: Value, size: Sequence[Any]) -> Value:
    return recorder.emit("expand", [input], size=tuple(size))


@maps(Tensor.repeat)
def repeat(recorder: Recorder, self: Value, *repeats: Any, **named: Any) -> Value:
    return recorder.emit("repeat", [self], repeats=gathered(recorder, repeats, named, "repeats"))


@maps("tile")
def tile(recorder: Recorder, input: Value, *dims: Any, **named: Any) -> Value:
    counts = gathered(recorder, dims, named, "dims")
    return recorder.emit("repeat", [input], repeats=(*[1] * (input.rank - len(counts)), *counts))


@maps("cat", "concat", "concatenate")
def cat(recorder: Recorder, tensors: Sequence[Value], dim: int = 0) -> Value:
    return recorder.emit("cat", list(tensors), dim=dim) if len(tensors) > 1 else tensors[0]


@maps("stack")
def stack(recorder: Recorder, tensors: Sequence[Value], dim: int = 0) -> Value:
    return recorder.emit("stack", list(tensors), dim=dim)


@maps("hstack")
def hstack(recorder: Recorder, tensors: Sequence[Value]) -> Value:
    return cat(recorder, tensors, dim=0 if tensors[0].rank < 2 else 1)


@maps("vstack", "row_stack")
def vstack(recorder: Recorder, tensors: Sequence[Value]) -> Value:
    rows = [t if t.rank > 1 else recorder.emit("reshape", [t], shape=(1, -1)) for t in tensors]
    return cat(recorder, rows, dim=0)


@maps("tensor_split")
def tensor_split(
    recorder: Recorder, input: Value, indices_or_sections: Any = None, dim: int = 0, **named: Any
) -> tuple[Value, ...]:
    """Parts between indices, or as many as are asked for, the first ones one longer where they do not divide."""
    wanted = next(iter(named.values())) if named else indices_or_sections
    if isinstance(wanted, Value):
        recorder.refuse("splits at places that depend on data")
    dim %= input.rank
    total = recorder.number(input.type.shape[dim])
    if isinstance(wanted, int):
        short, longer = total // wanted, total % wanted
        ends = [short * (i + 1) + minimum(longer, i + 1) for i in range(wanted - 1)]
    else:
        ends = list(wanted)
    limits = [None, *ends, None]
    return tuple(recorder.emit("slice", [input], dim=dim, start=start, end=end) for start, end in pairwise(limits))


@maps("split")
def split(
    recorder: Recorder, tensor: Value, split_size_or_sections: Any = None, dim: int = 0, split_size: Any = None
) -> tuple[Value, ...]:
    sections = split_size_or_sections if split_size_or_sections is not None else split_size
    return recorder.emit_all("split", [tensor], split_size_or_sections=sections, dim=dim)


@maps(Tensor.split_with_sizes, torch.split_with_sizes)
def split_with_sizes(recorder: Recorder, input: Value, split_sizes: Any, dim: int = 0) -> tuple[Value, ...]:
    return recorder.emit_all("split", [input], split_size_or_sections=tuple(split_sizes), dim=dim)


@maps("chunk")
def chunk(recorder: Recorder, input: Value, chunks: int, dim: int = 0) -> tuple[Value, ...]:
    total = recorder.number(input.type.shape[dim])
    if isinstance(total, Sym) and not -(-total // chunks) * (chunks - 1) < total:
        recorder.refuse(f"a dimension of {total.expr} does not always give {chunks} chunks; split it by sizes")
    return recorder.emit_all("chunk", [input], chunks=chunks, dim=dim)


@maps("unbind")
def unbind(recorder: Recorder, input: Value, dim: int = 0) -> tuple[Value, ...]:
    whole(recorder, input.type.shape[dim], "how many tensors there are to unbind")
    return recorder.emit_all("unbind", [input], dim=dim)


def _same(recorder: Recorder, input: Value, *args: Any, **kwargs: Any) -> Value:
    return input


#: Nothing but the memory changes, which the graph does not know.
for _name in ("clone", "detach", "contiguous", "requires_grad_", "cpu", "positive", "alias_copy"):
    for _home in (Tensor, torch):
        if hasattr(_home, _name):
            maps(getattr(_home, _name))(_same)
maps(getter("data"), Tensor.__pos__)(_same)


@maps(Tensor.__deepcopy__)
def deepcopy(recorder: Recorder, self: Value, memo: Any = None) -> Value:
    return self


@maps("flip")
def flip(recorder: Recorder, input: Value, *dims: Any, **named: Any) -> Value:
    return recorder.emit("flip", [input], dims=gathered(recorder, dims, named, "dims"))


@maps("roll")
def roll(recorder: Recorder, input: Value, shifts: Any, dims: Any = None) -> Value:
    return recorder.emit("roll", [input], shifts=shifts, dims=dims if dims is not None and dims != () else None)


@maps("ravel")
def ravel(recorder: Recorder, input: Value) -> Value:
    return recorder.emit("reshape", [input], shape=(-1,))


maps("fliplr")(lambda recorder, input: recorder.emit("flip", [input], dims=(1,)))
maps("flipud")(lambda recorder, input: recorder.emit("flip", [input], dims=(0,)))


@maps("rot90")
def rot90(recorder: Recorder, input: Value, k: int = 1, dims: Sequence[int] = (0, 1)) -> Value:
    """Turns as a transposition, or none, and flips."""
    first, second = dims
    turns = k % 4
    if turns in (1, 3):
        input = recorder.emit("transpose", [input], dim0=first, dim1=second)
    flipped = {0: (), 1: (first,), 2: (first, second), 3: (second,)}[turns]
    return recorder.emit("flip", [input], dims=flipped) if flipped else input


@maps("atleast_1d")
def atleast_1d(recorder: Recorder, input: Any, *more: Value) -> Any:
    if more or isinstance(input, list | tuple):
        given = (input, *more) if more else input
        return tuple(atleast_1d(recorder, value) for value in given)
    return input if input.rank else recorder.emit("reshape", [input], shape=(1,))
