"""Changes of shape that are one op on the Platform under other arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import plain, run
from mcore.platform.errors import BackendError

Sizes = int | Sequence[int]


def movedim(input: Tensor, source: Sizes, destination: Sizes) -> Tensor:
    """Dimensions ``source`` at the places ``destination``, the others in their order."""
    sources, places = ([d % input.ndim for d in ((v,) if isinstance(v, int) else v)] for v in (source, destination))
    order = [d for d in range(input.ndim) if d not in sources]
    for place, dim in sorted(zip(places, sources, strict=True)):
        order.insert(place, dim)
    return run("permute", (input,), {"dims": order})


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension ``dim`` as dimensions of ``sizes``, one of which may be -1."""
    at = dim % input.ndim
    parts = plain(tuple(sizes))
    known = prod(s for s in parts if s != -1)
    filled = [input.shape[at] // known if s == -1 else s for s in parts]
    return run("reshape", (input,), {"shape": (*input.shape[:at], *filled, *input.shape[at + 1 :])})


def tile(input: Tensor, *dims: Any) -> Tensor:
    """The tensor repeated along each dimension; for fewer numbers than dimensions the first ones are not repeated."""
    times = plain(dims[0] if len(dims) == 1 and isinstance(dims[0], list | tuple) else dims)
    return run("repeat", (input,), {"repeats": (*[1] * (input.ndim - len(times)), *times)})


def repeat_interleave(
    input: Tensor, repeats: int | Tensor, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each slice along ``dim`` (each element, flattened, by default) so many times in a row: one number, or one for each.

    Raises:
        BackendError: there is another number of ``repeats`` than of slices, or of the result's slices than ``output_size``.
    """
    counts = np.asarray(plain(repeats))
    if not counts.ndim:
        return run("repeat_interleave", (input,), {"repeats": int(counts), "dim": dim})
    size = input.numel() if dim is None else input.shape[dim]
    if counts.size not in (1, size):
        raise BackendError(f"repeat_interleave has {counts.size} numbers of repeats for {size} slices")
    result = np.repeat(input.numpy(), counts, dim)
    if output_size is not None and result.shape[dim or 0] != output_size:
        raise BackendError(f"repeat_interleave gives {result.shape[dim or 0]} of them, not {output_size} (output_size)")
    return Tensor(result)


def ravel(input: Tensor) -> Tensor:
    """All elements as one row."""
    return run("reshape", (input,), {"shape": (-1,)})


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts between positions along ``dim``, or so many, the first ones one longer where they do not divide."""
    wanted, total = plain(indices_or_sections), input.shape[dim]
    if isinstance(wanted, int):
        short, longer = divmod(total, wanted)
        wanted = tuple(short * (i + 1) + min(longer, i + 1) for i in range(wanted - 1))
    limits = (None, *wanted, None)
    return tuple(run("slice", (input,), {"dim": dim, "start": a, "end": b}) for a, b in pairwise(limits))


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along the second dimension, or the only one."""
    return run("cat", tensors, {"dim": 0 if tensors[0].ndim < 2 else 1})


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One above the other: along the first dimension, vectors being rows."""
    return run("cat", [t if t.ndim > 1 else t.reshape(1, -1) for t in tensors], {"dim": 0})


def t(input: Tensor) -> Tensor:
    """The two dimensions of a matrix swapped; a vector is left as it is."""
    return run("transpose", (input,), {"dim0": 0, "dim1": 1}) if input.ndim == 2 else input


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    movedim,
    unflatten,
    tile,
    repeat_interleave,
    ravel,
    tensor_split,
    hstack,
    vstack,
    t,
)
