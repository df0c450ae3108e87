"""Checkpoints: found by the filter language, and one whole."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from farm.web.page import Page, Parameters, Scope, View
from mcore.checkpoints import Checkpoint, FilterError
from mcore.checkpoints.filters.fields import FIELDS
from mcore.checkpoints.layout import document_of, home_of, pack_of

#: Checkpoints of one page; a filter's own limit may be less.
MOST = 200


def listed(view: View) -> str:
    """Those that a filter finds, all without one; a mistake in it is shown below it."""
    text = view.asked_once("filter") or ""
    found: list[Checkpoint] | None = []
    mistake = ""
    pointed = ""
    try:
        found = view.stores.search(text, MOST + 1)
    except FilterError as error:
        mistake = str(error)
        pointed = FilterError("", text, error.column).pointed() if "\n" not in text else ""
    return view.render(
        "checkpoints.html", text=text, found=found, mistake=mistake, pointed=pointed, most=MOST, fields=FIELDS
    )


def show(view: View, checkpoint: str) -> str:
    """By its id, or the beginning of it."""
    found, _ = view.stores.checkpoint(checkpoint)
    own = pack_of(home_of(found), found.id)
    parts = [
        (part, len(tensors), sum(tensor.pack != own for tensor in tensors))
        for part in found.parts
        for tensors in [[tensor for tensor in found.tensors if tensor.part == part]]
    ]
    return view.render(
        "checkpoint.html",
        checkpoint=found,
        file=document_of(home_of(found), found.id),
        parts=parts,
        metadata=msgspec.to_builtins(found.metadata),
    )


def exported(view: View, _scope: Scope) -> Iterable[Parameters]:
    """Those of the list."""
    return ({"checkpoint": each.id} for each in view.stores.search("", MOST) or ())


LIST = Page(
    "checkpoints", "checkpoints", listed, lambda _view, _scope: ({},), queries=("filter",), heading="Checkpoints"
)
PAGE = Page("checkpoint", "checkpoint/{checkpoint}", show, exported, below="checkpoints")
