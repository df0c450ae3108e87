"""Which part of a network each of its weights belongs to: backbone, neck, head, or the network as a whole."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.record import NAME
from mcore.platform.eager.constructor import rebuild, recorded
from mcore.platform.errors import BackendError

#: Of what is no part's: a network that is not made of parts has this one only.
WHOLE = "network"
ROLES = ("backbone", "neck", "head")

#: First components of names by which networks of third parties call their parts.
_USUAL = {
    "backbone": ("backbone", "encoder", "features"),
    "neck": ("neck", "fpn"),
    "head": (
        "head",
        "heads",
        "classifier",
        "fc",
        "decode_head",
        "auxiliary_head",
        "bbox_head",
        "mask_head",
        "rpn_head",
        "roi_head",
        "roi_heads",
        "segmentation_head",
    ),
}

#: Prefixes of the names of a part's weights, by the part's name.
Prefixes = Mapping[str, Sequence[str]]


def parts_by_prefix(names: Iterable[str], prefixes: Prefixes) -> dict[str, str]:
    """The part of each weight, the longest prefix deciding; what has none is the network's.

    Raises:
        CheckpointError: a part's name is none, or a prefix is of no weight.
    """
    names = list(names)
    flat = sorted(((prefix, part) for part, given in prefixes.items() for prefix in given), key=lambda p: -len(p[0]))
    for prefix, part in flat:
        if not re.fullmatch(NAME, part):
            raise CheckpointError(f"{part!r} is no name of a part")
        if not any(name.startswith(prefix) for name in names):
            raise CheckpointError(f"part {part}: no weight begins with {prefix!r}")
    return {name: next((part for prefix, part in flat if name.startswith(prefix)), WHOLE) for name in names}


def parts_by_name(names: Iterable[str]) -> dict[str, str]:
    """The part of each weight by how networks usually call theirs: for weights without a model.

    One whose names tell no backbone is of one part: a head alone would leave the other weights without a part to ask for.
    """
    homes = {word: part for part, words in _USUAL.items() for word in words}
    found = {name: homes.get(name.partition(".")[0], WHOLE) for name in names}
    return found if "backbone" in found.values() else dict.fromkeys(found, WHOLE)


def parts_of_model(model: Any, names: Iterable[str]) -> dict[str, str]:
    """The part of each weight of ``model``.

    Submodules say what they are by ``kind``. A network that *is* its backbone with more layers (``resnet50``) has the names of
    the backbone's weights from the class it is derived from; the others are its head's. Else names decide.
    """
    names = list(names)
    if getattr(model, "kind", None) == "backbone":
        return dict.fromkeys(names, "backbone")
    prefixes = {
        f"{path}.": str(module.kind)
        for path, module in model.named_modules()
        if path and getattr(module, "kind", None) in ROLES
    }
    outer = [p for p in prefixes if not any(p != q and p.startswith(q) for q in prefixes)]
    if outer:
        return {name: next((prefixes[p] for p in outer if name.startswith(p)), WHOLE) for name in names}
    own = _inherited_backbone(model)
    if own:
        return {name: "backbone" if name in own else "head" for name in names}
    return parts_by_name(names)


def _inherited_backbone(model: Any) -> set[str]:
    """Names of the weights that come with the backbone among the bases of the model's class; none where there is none."""
    cls = next((c for c in type(model).__mro__ if getattr(c, "kind", None) == "backbone"), None)
    made = recorded(model)
    if cls is None or made is None:
        return set()
    from mcore.module import skeleton

    taken = inspect.signature(cls).parameters
    parameters = {k: v for k, v in made["parameters"].items() if k in taken}
    target = f"{cls.__module__}:{cls.__qualname__}"
    try:
        with skeleton():
            backbone = rebuild({"target": target, "parameters": parameters}, trusted=(cls.__module__.split(".")[0],))
    except BackendError:  # its class takes what the network's does not say
        return set()
    return set(backbone.state_dict())
