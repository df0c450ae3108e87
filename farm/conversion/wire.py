"""What passes between the converter and its child process: one JSON request in, one JSON line for each event out."""

from __future__ import annotations

from typing import Any

import msgspec

from farm.conversion.watch import Reach
from workers.outcome import Cause, Group, Outcome


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One architecture to convert.

    ``target`` is ``module:name`` of what builds it, called with ``parameters``; ``folder`` is where its bundle goes.
    ``stored`` is the metadata file of a checkpoint below ``FARM_CHECKPOINTS``, ``checkpoint`` is ``family/name`` of pretrained
    weights; such weights are not calibrated. ``watch`` a file of the source of
    which it is to be told how model code reaches it. ``further`` are batch, height and width of samples beside the usual ones.
    """

    key: str
    kind: str
    target: str
    folder: str
    parameters: dict[str, Any] = {}
    commit: str = ""
    closure: str = ""
    passed: dict[str, list[str]] = {}
    overwrite: bool = False
    weights: str = "calibrated"
    checkpoint: str = ""
    stored: str = ""
    watch: str = ""
    further: list[tuple[int, int, int]] = []


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The child's work: ``source`` is the folder whose packages are imported, before any that is installed.

    ``niceness`` is by how much it makes way for the other processes of the machine.
    """

    source: str
    items: list[Item]
    niceness: int = 0


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The child has taken up an item, or a further stage of it: where a crash would have happened."""

    key: str
    stage: str


class Result(msgspec.Struct, frozen=True, tag="result"):
    """An item's end. Without an ``outcome`` there is a bundle in its folder."""

    key: str
    seconds: float
    outcome: Outcome | None = None
    cause: Cause = Cause.UNKNOWN
    message: str = ""
    trace: str = ""
    reached: list[Reach] = []

    @property
    def telling(self) -> bool:
        """Whether it says something of the code: a bundle does, and a refusal of it; a limit or a death may be the machine."""
        if self.outcome is None:
            return True
        of_code = self.outcome.group is Group.PRODUCT or self.outcome is Outcome.REFERENCE_INVALID
        return of_code and self.cause not in (Cause.UNKNOWN, Cause.INFRA)


Event = Begun | Result
EVENT = msgspec.json.Decoder(Event)
"""Reads one line of the child's output."""
