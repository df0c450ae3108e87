"""What a graph may ask of this machine, checked when it is bound: before memory is taken or a loop begins.

A graph of a few bytes can name sizes of terabytes, or a window with more taps than there is time to visit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

from mcore.platform.errors import GraphError, ResourceError
from mcore.platform.graph import TensorType

#: Most positions of a window, each of which is a step of its own: a global mean over 512 x 512.
TAPS = 1 << 18

#: Most bins of an adaptive pooling along one axis; where places are wanted too, each bin is a step of its own, so in all.
BINS = 1 << 16

#: Furthest apart that windows, and the taps of one, may lie.
STEP = 1 << 24

#: Memory that is thought to be there where the system does not tell.
_UNKNOWN_BYTES = 64 << 30


@cache
def memory_bytes() -> int:
    """The memory of this machine."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN_BYTES


def check_memory(what: str, size_bytes: int) -> None:
    """Raise :class:`ResourceError` if ``size_bytes`` are more than this machine has."""
    if size_bytes > memory_bytes():
        raise ResourceError(f"{what} takes {size_bytes / 2**30:.4g} GiB, this machine has {memory_bytes() / 2**30:.4g}")


def check_type(what: str, kind: TensorType) -> None:
    """Raise :class:`ResourceError` for a value that does not fit in memory; ``kind`` is concrete.

    Zeros aside: NumPy multiplies the other sizes of an empty array too.
    """
    check_memory(what, prod(filter(None, kind.concrete({}))) * kind.dtype.numpy.itemsize)


def check_windows(what: str, attributes: Mapping[str, Any], x: TensorType, weight: TensorType | None) -> None:
    """Raise where an op slides windows over ``x`` that nobody could mean, judged by its ``attributes``.

    They are called as in every op with windows: ``kernel_size`` (else the last sizes of ``weight``), ``stride``, ``padding``,
    ``dilation``, ``output_padding``, and ``output_size`` for the bins of adaptive pooling.

    Raises:
        GraphError: more taps, bins or distance between them than there is time or address space for.
        ResourceError: the input with its padding does not fit in memory.
    """
    bins = _numbers(attributes, "output_size")
    if max(bins, default=0) > BINS:
        raise GraphError(f"{what}: output_size is more than {BINS}")
    if attributes.get("return_indices") and prod(bins) > BINS:
        raise GraphError(f"{what}: {prod(bins)} bins with indices are more than {BINS}")
    if "stride" not in attributes or "padding" not in attributes:
        return
    kernel = _numbers(attributes, "kernel_size") or ([] if weight is None else list(weight.concrete({})[2:]))
    rank = len(kernel)
    if prod(kernel) > TAPS:
        raise GraphError(f"{what}: a window of {' x '.join(map(str, kernel))} has more than {TAPS} positions")
    strides, dilations = (_numbers(attributes, name, rank) for name in ("stride", "dilation"))
    if max(*strides, *dilations, 0) > STEP:
        raise GraphError(f"{what}: stride or dilation is more than {STEP}")
    pads, extra = _numbers(attributes, "padding", rank), _numbers(attributes, "output_padding", rank)
    shape = x.concrete({})
    spans = []
    for size, k, s, d, p, e in zip(shape[len(shape) - rank :], kernel, strides, dilations, pads, extra, strict=True):
        window = d * (k - 1) + 1
        padded = (size - 1) * s + window + e if "output_padding" in attributes else max(size + 2 * p, window)
        spans.append(padded + (s if attributes.get("ceil_mode") else 0))
    elements = prod(shape[: len(shape) - rank]) * prod(spans)
    check_memory(f"{what}: the input with its padding", elements * x.dtype.numpy.itemsize)


def _numbers(attributes: Mapping[str, Any], name: str, count: int = 0) -> list[int]:
    """The integers of an attribute; if it has none, ``count`` ones."""
    value = attributes.get(name)
    found = [v for v in value if isinstance(v, int)] if isinstance(value, tuple) else []
    return found or [1] * count
