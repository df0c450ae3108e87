"""What a person asks the converter for: an architecture by name and parameters, an assembly of parts, or a config."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.conversion.stored import Trained, weights_of
from farm.conversion.wire import Item
from farm.errors import NotFoundError, UsageError
from farm.inventory import Inventory
from farm.source.catalogue import Architecture, discover, why_not
from farm.source.tree import SourceTree

#: Characters of a key: a file system takes 255, of which the folder that a bundle is made in needs some.
LONGEST = 200


def architecture_target(inventory: Inventory, kind: str, name: str) -> str:
    """``module:name`` of what builds a public architecture."""
    level = inventory.catalogue.levels[kind]  # type: ignore[index]
    return f"{level.replace('/', '.')}:{name}"


def key_of(name: str, parameters: Mapping[str, Any]) -> str:
    """An architecture's key: its name, and its non-default parameters where there are any; safe as a folder's name."""
    parts = [name, *(f"{k}={v}" for k, v in sorted(parameters.items()))]
    key = re.sub(r"[^A-Za-z0-9_.=+-]", "_", "+".join(parts))
    if not key.strip("."):  # which would be a folder that is there
        key = f"_{key}"
    if len(key) <= LONGEST:
        return key
    return f"{key[: LONGEST - 13]}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def asked_item(
    tree: SourceTree,
    inventory: Inventory,
    *,
    name: str | None,
    kind: str | None,
    parts: Mapping[str, str],
    config: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any],
    out: Path,
    overwrite: bool,
    weights: str,
) -> Item:
    """The conversion that is asked for, its bundle to be a folder in ``out`` named by its key.

    An architecture without parameters takes trained weights where there are some, as a submission does.

    Raises:
        UsageError: not just one of a name, parts and a config is given, or the name needs a kind.
        NotFoundError: there is no such public architecture.
    """
    if [bool(name), bool(parts), config is not None].count(True) != 1:
        raise UsageError("name one architecture, or say --backbone and --head, or --config")
    trained = Trained()
    if name:
        found = _find(tree, inventory, name, kind)
        key, of_kind = key_of(name, parameters), str(found.kind)
        target = architecture_target(inventory, found.kind, name)
        arguments = dict(parameters)
        if not parameters and weights == "calibrated":
            trained = weights_of([(found.kind, found.file, name)])[found.kind, name]
    elif config is not None:
        if parameters:
            raise UsageError("parameters of a configured network stand in its config")
        key, of_kind, target = key_of(config["name"], {}), "network", inventory.catalogue.configured
        arguments = {"config": dict(config)}
    else:
        if not {"backbone", "head"} <= parts.keys():
            raise UsageError("an assembly needs --backbone and --head")
        key = key_of("+".join(parts[role] for role in ("backbone", "neck", "head") if role in parts), parameters)
        of_kind, target, arguments = "network", inventory.catalogue.assemble, {**parts, **parameters}
    return Item(
        key=key,
        kind=of_kind,
        target=target,
        folder=str(out / key),
        parameters=arguments,
        overwrite=overwrite,
        weights=weights,
        stored=trained.stored,
        checkpoint=trained.checkpoint,
    )


def _find(tree: SourceTree, inventory: Inventory, name: str, kind: str | None) -> Architecture:
    discovery = discover(tree, inventory.source_catalogue({}))
    architectures = discovery.architectures
    found = [a for a in architectures if a.name == name and kind in (None, a.kind)]
    if not found and kind is not None:
        raise NotFoundError("architecture", f"{kind}:{name}", [a.key for a in architectures])
    if not found:
        why = why_not(discovery.problems, name)
        raise NotFoundError("architecture", name, [a.name for a in architectures], why=why)
    if len(found) > 1:
        raise UsageError(f"{name!r} is the name of several: say --kind {' or '.join(a.kind for a in found)}")
    return found[0]
