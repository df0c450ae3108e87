"""Loading: key map, shapes, adaptation, and a report of all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcore.pretrained.adapting import (
    STRICT,
    Adaptation,
    advice,
    has_other_channels,
    has_other_classes,
    repeated_channels,
)
from mcore.pretrained.manifest import Manifest, PretrainedError, find, folder_of, read

#: What training counts and no inference needs: its absence is no fault.
COUNTERS = "num_batches_tracked"
_SHOWN = 5

#: Pairs of a regular expression and its replacement; the first that matches a key renames it, by ``None`` drops it.
KeyMap = Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was loaded, by the network's keys; ``dropped`` are the checkpoint's, whose files have the ``fingerprint``."""

    manifest: Manifest
    fingerprint: str
    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    fresh: tuple[str, ...]
    dropped: tuple[str, ...]


def load_pretrained(
    model: Any, adaptation: Adaptation = STRICT, *, family: str = "", name: str = "", partial: bool = False
) -> LoadReport:
    """Load the pretrained weights of ``model``, whole or not at all.

    Args:
        model: a network or backbone, on either backend.
        adaptation: what may be done about weights of another shape.
        family: of the weights; by default the name of the file that defines the model's class.
        name: of the weights; by default the name of the class, as it is or in lower case.
        partial: drop weights that the model has no place for: a backbone takes those of its classifier.

    Raises:
        PretrainedError: they are not there, cannot be trusted, are of a layout for which the class declares no key map, or do
            not fit.
    """
    from mcore.tensor import from_numpy

    cls = type(model)
    family, name = family or family_of(cls), name or cls.__name__
    folder = find(family, name) or folder_of(family, name)
    manifest, weights, fingerprint = read(folder)
    renamed, dropped = rename(weights, _key_map(cls, manifest.layout, folder))
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items() if not key.endswith(COUNTERS)}
    if partial:
        dropped += tuple(sorted(renamed.keys() - shapes.keys()))
        renamed = {key: array for key, array in renamed.items() if key in shapes}
    fitted, adapted, fresh = _fitted(renamed, shapes, adaptation, f"{folder}: the weights do not fit {cls.__name__}")
    # Weights lie in read-only memory, and a network takes what it is given as its own.
    model.load_state_dict({key: from_numpy(np.array(array)) for key, array in fitted.items()}, strict=False)
    return LoadReport(manifest, fingerprint, tuple(sorted(fitted)), adapted, fresh, dropped)


def family_of(cls: type[Any]) -> str:
    """The family of a class: the name of the file that defines it."""
    return cls.__module__.rpartition(".")[2]


def rename(weights: Mapping[str, np.ndarray], key_map: KeyMap) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Weights by the network's keys, and the keys that the map drops; counters of training are left out silently.

    Raises:
        PretrainedError: two keys become one.
    """
    renamed: dict[str, np.ndarray] = {}
    dropped = []
    for key, array in weights.items():
        if key.endswith(COUNTERS):
            continue
        own = renamed_key(key, key_map)
        if own is None:
            dropped.append(key)
            continue
        if own in renamed:
            raise PretrainedError(f"the key map makes two weights one: {own}")
        renamed[own] = array
    return renamed, tuple(sorted(dropped))


def renamed_key(key: str, key_map: KeyMap) -> str | None:
    """The network's key for a checkpoint's, ``None`` where the map drops it."""
    for pattern, replacement in key_map:
        if re.search(pattern, key):
            return None if replacement is None else re.sub(pattern, replacement, key, count=1)
    return key


def _key_map(cls: type[Any], layout: str, folder: Path) -> KeyMap:
    maps: Mapping[str, KeyMap] = {"native": (), **getattr(cls, "key_maps", {})}
    if layout not in maps:
        raise PretrainedError(
            f"{folder}: {cls.__name__} has no key map for the layout {layout!r}; it has {', '.join(maps)}"
        )
    return maps[layout]


def _fitted(
    weights: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], adaptation: Adaptation, what: str
) -> tuple[dict[str, np.ndarray], tuple[str, ...], tuple[str, ...]]:
    """Weights of the right shapes, the keys that were adapted, and those that stay as the network made them."""
    fitted: dict[str, np.ndarray] = {}
    adapted, fresh, wrong = [], [], []
    counts = set()
    for key, shape in shapes.items():
        array = weights.get(key)
        if array is None or array.shape == shape:
            if array is not None:
                fitted[key] = array
        elif has_other_channels(array.shape, shape) and adaptation.channels == "repeat":
            adapted.append(key)
            fitted[key] = repeated_channels(array, shape[1])
        elif has_other_channels(array.shape, shape) and adaptation.channels == "fresh":
            fresh.append(key)
        elif has_other_classes(array.shape, shape) and adaptation.classes == "fresh":
            fresh.append(key)
            counts.add((array.shape[0], shape[0]))
        else:
            wrong.append(f"{key} is {array.shape}, wanted {shape}{advice(array.shape, shape)}")
    if len(counts) > 1:  # not the classes alone: the network is another one
        wrong += [f"{key} is {weights[key].shape}, wanted {shapes[key]}" for key in fresh]
    problems = {
        "missing": [key for key in shapes if key not in weights],
        "unexpected": [key for key in weights if key not in shapes],
        "wrong shape": wrong,
    }
    if any(problems.values()):
        said = "; ".join(f"{kind}: {listed(items)}" for kind, items in problems.items() if items)
        raise PretrainedError(f"{what}: {said}")
    return fitted, tuple(adapted), tuple(fresh)


def listed(items: Sequence[object]) -> str:
    """``a, b``, of many the first few and how many more there are."""
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(map(str, items[:_SHOWN])) + more
