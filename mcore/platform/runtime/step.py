"""One call of a running plan, calls that may run at once, and the calls that are not ufuncs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np


class Step(NamedTuple):
    """``call(*arguments, out=out)``: the arrays are bound once, when the program is planned."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    out: Any


Lane = Sequence[Step]


class Together(NamedTuple):
    """Lanes of steps: each runs in order, all of them at once, for none touches memory that another one writes."""

    lanes: tuple[Lane, ...]


#: Least work of a lane, in multiplications of a product: some five microseconds, a few times what it costs to hand over.
LEAST_WORK = 250_000

#: Multiplications of a product that take as long as passing over one element, roughly.
ELEMENT = 20

#: What operations emit.
Steps = Iterator[Step | Together]

_Item = TypeVar("_Item")


def lanes(multiplications: int, threads: int) -> int:
    """How many of ``threads`` the work is worth."""
    return max(min(threads, multiplications // LEAST_WORK), 1)


def is_shareable(multiplications: int) -> bool:
    """Whether the work is worth two lanes, whatever the number of threads: how work is cut must not depend on that."""
    return lanes(multiplications, 2) > 1


def ranges(total: int, length: int) -> list[tuple[int, int]]:
    """0 to ``total`` in ranges of at most ``length`` and about equal size; their number is one or even."""
    count = -(-total // max(length, 1))
    if count > 1:
        count = min(count + count % 2, total)
    bounds = [total * i // max(count, 1) for i in range(count + 1)]
    return list(pairwise(bounds))


def in_two(total: int) -> list[tuple[int, int]]:
    """0 to ``total`` in two ranges of about one size, or in one of that of one."""
    return ranges(total, -(-total // 2))


def spans(total: int, lanes: int) -> list[slice]:
    """0 to ``total``, cut into at most ``lanes`` parts of about one size; none is empty but that of nothing."""
    count = max(min(lanes, total), 1)
    return [slice(*bounds) for bounds in pairwise(total * lane // count for lane in range(count + 1))]


def shares(items: Sequence[_Item], lanes: int) -> list[Sequence[_Item]]:
    """``items`` in order, cut as :func:`spans` does."""
    return [items[span] for span in spans(len(items), lanes)]


def together(lanes: Iterable[Iterable[Step]]) -> Steps:
    """The lanes at once; a single one needs no company."""
    listed = tuple(tuple(lane) for lane in lanes)
    if len(listed) == 1:
        yield from listed[0]
    elif listed:
        yield Together(listed)


def walk(steps: Lane) -> None:
    """Run steps one after the other."""
    for call, arguments, out in steps:
        call(*arguments, out=out)


def alone(steps: Iterable[Step | Together]) -> Iterator[Step]:
    """The steps in an order in which one can run them all."""
    for step in steps:
        if isinstance(step, Together):
            for lane in step.lanes:
                yield from lane
        else:
            yield step


def copy(source: np.ndarray, *, out: np.ndarray) -> None:
    """Copy ``source``, which may broadcast, to ``out``."""
    np.copyto(out, source)


def fill(value: float, *, out: np.ndarray) -> None:
    """Set every element of ``out``."""
    out.fill(value)


def clip(array: np.ndarray, low: np.float32, high: np.float32, *, out: np.ndarray) -> None:
    """``array`` limited to ``low`` and ``high``; the method is quicker than ``np.clip``."""
    array.clip(low, high, out=out)


def take(source: np.ndarray, indices: np.ndarray, axis: int, *, out: np.ndarray) -> None:
    """Elements of ``source`` at ``indices``, which are known to be in range, along ``axis``."""
    source.take(indices, axis, out, "clip")
