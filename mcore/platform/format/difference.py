"""Where two bundles first differ, in one line: what a repeated conversion and an audit of the selection want to know.

::

    graph.json: nodes[17].attributes.stride[0]: 2 and 1
    weights: layer3.0.conv1.weight: 37 of 36,864 elements differ, first at [0, 3, 1, 1]: 0.5 and 0.25
    samples/224x224: output 'logits': float32[1, 1000] and float32[1, 10]

Graphs come before weights and weights before samples, since a difference in one makes all that follow differ. What is no part
of an identity (:mod:`.meaning`: names of values, and where in the code something comes from) is looked at last, since it
changes with every line that is put above it and with every module that is renamed; where graphs differ in more, values
that nodes make are told by their numbers. Values are compared by their bytes, as identities are: minus zero is not zero, and a
NaN equals itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle, Sample
from mcore.platform.dtypes import DType
from mcore.platform.format import canonical
from mcore.platform.format.graph_json import graph_to_bytes
from mcore.platform.format.manifest import SAMPLES, graph_file
from mcore.platform.format.meaning import meant
from mcore.platform.graph import Graph

#: Characters of a value that are shown.
_SHOWN = 60
#: What a graph computes is told before what is said about it.
_TELLING = ("inputs", "nodes", "outputs", "weights", "symbols", "guards")


def first_difference(one: Bundle, other: Bundle) -> str | None:
    """The first place at which two bundles differ, with what each has there; ``None`` where they are the same bundle.

    Manifests are not compared: they also say when and where a bundle was made.
    """
    return next(_differences(one, other), None)


def first_json_difference(one: Any, other: Any, order: Sequence[str] = ()) -> str | None:
    """``path: this and that`` of the first difference between two values of plain data; ``None`` where they are equal.

    Args:
        one: plain data, as JSON gives it.
        other: likewise.
        order: keys of the outermost object that are looked at before the others, which follow by name.
    """
    return next(_plain(one, other, "", tuple(order)), None)


def _differences(one: Bundle, other: Bundle) -> Iterator[str]:
    yield from _graphs(one.graphs, other.graphs, meant)
    yield from (f"weights: {found}" for found in _tensors(one.weights, other.weights, "{}"))
    samples, others = ({sample.name: sample for sample in bundle.samples} for bundle in (one, other))
    for name in _either(samples, others):
        if name in samples and name in others:
            renamed = _with_names_of(one, other, others[name])
            yield from (f"{SAMPLES}/{name}: {found}" for found in _sample(samples[name], renamed))
        else:
            yield f"{SAMPLES}/{name}: {_only(name in samples)}"
    yield from _graphs(one.graphs, other.graphs, json.loads)


def _graphs(one: Sequence[Graph], other: Sequence[Graph], read: Callable[[bytes], dict[str, Any]]) -> Iterator[str]:
    """How graphs differ in what ``read`` makes of their files."""
    for index, pair in enumerate(zip(one, other, strict=False)):
        first, second = map(graph_to_bytes, pair)
        if first != second:
            found = first_json_difference(read(first), read(second), _TELLING)
            yield from () if found is None else (f"{graph_file(index)}: {found}",)
    if len(one) != len(other):
        yield f"{len(one)} and {len(other)} graphs"


def _with_names_of(one: Bundle, other: Bundle, sample: Sample) -> Sample:
    """``sample`` of ``other`` with its digests by the names that values have in ``one``, whose graphs mean the same."""
    ours, theirs = (
        [name for node in bundle.graph_for(sample.inputs).nodes for name in node.outputs] for bundle in (one, other)
    )
    names = dict(zip(theirs, ours, strict=True))
    return replace(sample, digests={names.get(name, name): array for name, array in sample.digests.items()})


def _sample(one: Sample, other: Sample) -> Iterator[str]:
    yield from _tensors(one.inputs, other.inputs, "input {!r}")
    yield from _tensors(one.outputs, other.outputs, "output {!r}")
    yield from _tensors(one.digests, other.digests, "digest of {!r}")
    for figure in ("sensitivity", "noise_floor"):
        found = first_json_difference(dict(getattr(one, figure)), dict(getattr(other, figure)))
        if found is not None:
            yield f"{figure} of {found}"


def _tensors(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], called: str) -> Iterator[str]:
    for name in _either(one, other):
        if name not in one or name not in other:
            yield f"{called.format(name)}: {_only(name in one)}"
        elif (found := _arrays(one[name], other[name])) is not None:
            yield f"{called.format(name)}: {found}"


def _arrays(one: np.ndarray, other: np.ndarray) -> str | None:
    if one.dtype != other.dtype or one.shape != other.shape:
        return f"{DType.of(one)}{list(one.shape)} and {DType.of(other)}{list(other.shape)}"
    differs = (_as_bytes(one) != _as_bytes(other)).any(axis=1)
    if not differs.any():
        return None
    first = int(differs.argmax())
    place = [int(i) for i in np.unravel_index(first, one.shape)]
    values = " and ".join(str(_readable(array.reshape(-1)[first : first + 1])[0]) for array in (one, other))
    return f"{int(differs.sum()):,} of {differs.size:,} elements differ, first at {place}: {values}"


def _readable(array: np.ndarray) -> np.ndarray:
    """NumPy knows the bits of bfloat16 alone."""
    return DType.FLOAT32.cast(array) if DType.of(array) is DType.BFLOAT16 else array


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """Bytes by element, uint8 of shape (elements, size of one)."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).reshape(flat.size, flat.dtype.itemsize)


def _plain(one: Any, other: Any, path: str, order: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = _either(one, other)
        for key in [*(k for k in order if k in keys), *(k for k in keys if k not in order)]:
            inner = f"{path}.{key}" if path else key
            if key in one and key in other:
                yield from _plain(one[key], other[key], inner)
            else:
                yield f"{inner}: {_only(key in one)}"
    elif isinstance(one, list) and isinstance(other, list):
        for index, (first, second) in enumerate(zip(one, other, strict=False)):
            yield from _plain(first, second, f"{path}[{index}]")
        if len(one) != len(other):
            yield f"{path}: {len(one)} and {len(other)} entries"
    elif (texts := (canonical.line(one), canonical.line(other)))[0] != texts[1]:
        yield f"{path}: {_clipped(texts[0])} and {_clipped(texts[1])}"


def _either(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(one.keys() | other.keys())


def _only(in_first: bool) -> str:
    return f"only in the {'first' if in_first else 'second'}"


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
