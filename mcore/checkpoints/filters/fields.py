"""The fields that a filter can name, each with what it is, and where it is in the tables."""

from __future__ import annotations

from enum import StrEnum

#: Spaces of names that are not known before: a checkpoint has any metrics, and its constructor any parameters.
SPACES = ("metrics", "parameters")


class Kind(StrEnum):
    """What a field is; the value is how an error says it."""

    TEXT = "a text"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    DATE = "a date"
    LIST = "a list"


FIELDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "id",
            "kind",
            "network",
            "task",
            "constructor",
            "backbone",
            "neck",
            "head",
            "commit",
            "loss",
            "split",
            "resolution",
            "ratio",
            "optimiser",
            "device",
            "dataset",
            "precision",
            "run",
            "parent",
            "source",
        ),
        Kind.TEXT,
    ),
    **dict.fromkeys(
        (
            "size_bytes",
            "height",
            "width",
            "in_channels",
            "out_channels",
            "lr",
            "weight_decay",
            "max_lr",
            "batch_size",
            "forward_ms",
            "forward_backward_ms",
            "memory_bytes",
            "epoch",
            "step",
        ),
        Kind.NUMBER,
    ),
    **dict.fromkeys(("dirty", "resumable", "default_variant"), Kind.BOOLEAN),
    "created": Kind.DATE,
    **dict.fromkeys(("parts", "channels", "tags", "classes"), Kind.LIST),
}

#: The members of a list in one text, where the whole list can be compared: ``channels = 'RGB+mask'``.
JOINED = {"channels": "input"}

#: Other spellings.
ALIASES = {"optimizer": "optimiser"}
