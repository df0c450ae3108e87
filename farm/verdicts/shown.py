"""What the table shows of a verdict, packed into one value that is kept beside it.

It stands in the attempt that the verdict quotes, and in the rows around that: to look ten thousand of them up takes a database
longer than whoever opens a table waits, and the longer the more attempts there ever were. None of it changes once the attempt
has reported, so it is written down when the verdict is; the rows stay what is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw, Struct, msgpack

from farm.verdicts.figures import Figures
from workers.outcome import Outcome


class Shown(Struct, frozen=True, array_like=True, gc=False):
    """Some columns of a verdict, and of the attempt that it quotes: on which unit, for which submission of which commit."""

    outcome: Outcome
    cause: str
    attempt: str
    proved: datetime
    measured: str | None
    message: str
    finished: datetime | None
    rejudged: str | None
    unit: str | None
    submission: str
    commit: str
    figures: Figures = Figures()


#: What :func:`pack` packed.
unpack = msgpack.Decoder(Shown).decode


def pack(verdict: dict[str, Any], said: Sequence[Any], figures: bytes | None) -> bytes:
    """From the columns of a verdict, the fields of its attempt from ``message`` to ``commit``, and its packed figures."""
    own = [verdict[name] for name in ("outcome", "cause", "attempt_id", "proved", "measured_id")]
    return msgpack.encode([*own, *said, *([Raw(figures)] if figures else [])])
