"""What the pages say of a value: the words of the terminal, and the classes that style them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from markupsafe import Markup

from farm.states.verdict import Verdict
from farm.words import SYMBOLS as TERMINAL
from farm.words import size_words
from mcore.platform.figures import EXACT_SQNR_DB
from workers.outcome import Group, Outcome

SYMBOLS = {verdict.value: symbol for verdict, (symbol, _) in TERMINAL.items()}
#: Short, since a table of ten thousand cells has each ten thousand times.
CLASSES = {
    Verdict.SUPPORTED.value: "s",
    Verdict.PARTIAL.value: "p",
    Verdict.UNSUPPORTED.value: "u",
    Verdict.FAILED.value: "f",
    Verdict.FLAKY.value: "k",
    Verdict.NO_VERDICT.value: "n",
    Verdict.MISSING.value: "m",
}
#: Of an outcome, by whose matter it is.
_GROUPS = {
    Group.GOOD: "s",
    Group.PRODUCT: "f",
    Group.SUPPORT: "u",
    Group.HARNESS: "n",
    Group.INFRA: "n",
    Group.SKIPPED: "m",
}
OUTCOMES = {outcome.value: _GROUPS[outcome.group] for outcome in Outcome}

#: Digits of an attempt's id that links have: a table has ten thousand of them.
BRIEF = 12
#: Names of so many letters stand in one line.
UNBROKEN = 12
_SEAMS = re.compile(r"(?<=_)(?=[^_])|(?<=[a-z0-9])(?=[A-Z][a-z])")


def short(commit: str) -> str:
    """Enough of a commit's key to find it again; that there were uncommitted changes is kept."""
    sha, plus, changes = commit.partition("+")
    return f"{sha[:10]}{plus}{changes[:14]}"


def breakable(name: str) -> Markup:
    """A name that may go on in another line, at the seams of its words."""
    pieces = _SEAMS.split(name) if len(name) > UNBROKEN else [name]
    return Markup("<wbr>").join(pieces)


def brief(attempt: str) -> str:
    """Enough of an attempt's id to find it again."""
    return attempt[:BRIEF]


def date(at: datetime) -> str:
    """``2026-11-26``."""
    return f"{at:%Y-%m-%d}"


def moment(at: datetime) -> str:
    """``2026-11-26 04:05 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def figure(value: float | None, form: str = ".3g") -> str:
    """A number, or nothing where there is none."""
    return "" if value is None else format(value, form)


def decibel(sqnr_db: float) -> str:
    """A signal-to-noise ratio; where there is no noise it is infinite, which is kept as a figure."""
    return "exact" if sqnr_db >= EXACT_SQNR_DB else f"{sqnr_db:.1f}"


def plain(value: object) -> str:
    """A value of some configuration: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def size(size_bytes: int | None) -> str:
    """``1.5 MiB``, or nothing where it is not known."""
    return "" if size_bytes is None else size_words(size_bytes)
