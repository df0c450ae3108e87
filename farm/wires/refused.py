"""Counting what was refused: a host that goes on sending what nobody can read must not fill the log."""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Annotated

import msgspec

from farm.broker.signing import body_of

log = logging.getLogger("farm.wire")
#: Reasons that are told apart; whoever sends garbage can make up as many as there are texts.
REASONS = 100
OTHER = "other reasons"
_NUMBER = re.compile(r"(?<![\w/.-])\d+(?:\.\d+)?")  # but for those of names and versions


class _Sender(msgspec.Struct, frozen=True):
    schema: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[a-z]+/[0-9]+\Z")]
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


def as_it_says(body: str) -> str:
    """What a message says that it is, whoever wrote it: for a person who looks for the host that it may come from."""
    try:
        said = msgspec.json.decode(body_of(body), type=_Sender)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "a message that names no unit"
    return f"a {said.schema.partition('/')[0]} that names unit {said.unit}"


class Refused:
    """How many messages were refused on a queue, by reason, whatever numbers stand in it. Each reason is logged once."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        #: By reason, its numbers left out.
        self.counts: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many there were."""
        return self.counts.total()

    def add(self, reason: str) -> None:
        """Count one, and log it if it is the first for its reason."""
        kind = _NUMBER.sub("#", reason)
        if kind not in self.counts and len(self.counts) >= REASONS:
            kind = OTHER
        if not self.counts[kind]:
            log.warning("refused a message on %s, further ones are counted: %s", self._queue, reason)
        self.counts[kind] += 1

    def sum_up(self) -> None:
        """Log how many there were, if there were any."""
        if self.total:
            each = "; ".join(f"{number} x {reason}" for reason, number in self.counts.most_common(5))
            log.warning("refused %d messages on %s: %s", self.total, self._queue, each)
