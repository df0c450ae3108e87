"""Weights of others under the names of a model here: its key maps are tried, and the one that fits whole is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.loading import fit
from mcore.pretrained.adapting import has_other_channels, has_other_classes

#: Makes a model without weights, with these parameters of its constructor.
Make = Callable[[dict[str, Any]], Any]

#: What wrappers put before every name: of Lightning, of an averaged model, of a compiled one.
_WRAPPERS = ("", "model.", "net.", "network.", "_orig_mod.", "module.")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights by the model's names, the model without weights that they fit, and by which layout's key map."""

    weights: Mapping[str, np.ndarray]
    model: Any
    layout: str
    dropped: tuple[str, ...]


def fit_model(weights: Mapping[str, np.ndarray], make: Make, layout: str = "") -> Fitted:
    """Find how ``weights`` fit a model: every weight of it there and of the right shape, none without a place.

    Args:
        weights: by the names that they come with.
        make: of the model. Where classes or input channels alone are others, it is made anew with theirs.
        layout: whose names they have, if that is known: ``native``, or one of the class's key maps.

    Raises:
        CheckpointError: they do not fit; says what is in the way of the layout that comes nearest.
    """
    model = make({})
    maps: dict[str, Any] = {"native": (), **getattr(type(model), "key_maps", {})}
    if layout and layout not in maps:
        raise CheckpointError(f"{type(model).__name__} has no key map for {layout!r}; it has {', '.join(maps)}")
    worst: list[tuple[int, str]] = []
    for name in [layout] if layout else maps:
        for wrapper in _WRAPPERS:
            if wrapper and not all(key.startswith(wrapper) for key in weights):
                continue
            found = _fitted(weights, make, model, (wrapper, ""), name, maps[name])
            if isinstance(found, Fitted):
                return found
            worst.append(found)
    raise CheckpointError(min(worst)[1])


def _fitted(
    weights: Mapping[str, np.ndarray], make: Make, model: Any, prefix: tuple[str, str], layout: str, key_map: Any
) -> Fitted | tuple[int, str]:
    """The fit, or by how many weights it fails, and how."""
    options: dict[str, Any] = {"checkpoint": layout, "prefix": prefix, "key_map": key_map}
    try:
        fitted, report = fit(model, weights, **options)
        if report.mismatched and (parameters := _parameters(report.mismatched)):
            model = make(parameters)
            fitted, report = fit(model, weights, **options)
    except (CheckpointError, TypeError, ValueError) as error:  # two weights get one name, or it takes no such parameter
        return len(weights), f"layout {layout}: {error}"
    if report.fits:
        return Fitted(fitted, model, layout, report.dropped)
    problems = {"missing": report.missing, "unexpected": report.unexpected, "of another shape": report.mismatched}
    said = "; ".join(f"{len(items)} {kind}, such as {items[0]}" for kind, items in problems.items() if items)
    return sum(map(len, problems.values())), f"does not fit {type(model).__name__} by layout {layout}: {said}"


def _parameters(mismatched: Any) -> dict[str, Any]:
    """Parameters that would give the model the channels and classes of the weights, if these alone are others."""
    found: dict[str, Any] = {}
    for item in mismatched:
        if has_other_channels(item.theirs, item.ours):
            found["in_channels"] = item.theirs[1]
        elif has_other_classes(item.theirs, item.ours):
            found.setdefault("num_classes", item.theirs[0])
        else:
            return {}
    return found
