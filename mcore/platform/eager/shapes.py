"""Changes of shape that are one op on the Platform under other arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import plain, run

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


FUNCTIONS: tuple[Callable[..., Any], ...] = (movedim, unflatten, tile)
