"""How much each field of a wire message may hold; pure. The one place: a field that is not named here has the general caps.

What a type says already (an identifier's length, a hash's) is the message's own; this is for the rest, and for what lies in
values of any form, such as a device's profile. Whoever sends fits a report into its caps, whoever receives refuses what is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from workers.excerpt import excerpt
from workers.report import AttemptReport

#: Characters of a text, and of a key.
MAX_TEXT = 4096
MAX_KEY = 256
#: Entries of a list or an object.
MAX_ITEMS = 1024
#: Of numbers without a fraction: what databases keep.
MAX_INTEGER = (1 << 63) - 1
#: Lists and objects within one another.
MAX_DEPTH = 12

#: Characters of texts that may be longer, by the names of the fields on the way there.
TEXTS = {"report.log": 64 << 10}
#: Entries of lists and objects that may have more or fewer.
ITEMS = {"report.cases.tensors": 4096, "report.stack": 256, "profile": 256}


class CapError(ValueError):
    """A field holds more than it may; the text is one line that names it."""


def check_caps(message: object) -> None:
    """Raise :class:`CapError` for a message of which a field holds more than it may."""
    for place, excess in _excesses(msgspec.to_builtins(message), "", "", 0):
        raise CapError(f"{place}: {excess}")


def fitted(report: AttemptReport) -> AttemptReport:
    """The report with excerpts for its texts that are too long. Longer lists stay: leaving out a case would hide it."""
    plain = msgspec.to_builtins({"report": report})
    if not any(True for _ in _excesses(plain, "", "", 0)):
        return report
    return msgspec.convert(_shortened(plain, ""), dict[str, AttemptReport])["report"]


def _excesses(value: Any, place: str, field: str, depth: int) -> Iterator[tuple[str, str]]:
    """Where a value holds too much, and what; ``field`` is ``place`` without the numbers of entries."""
    match value:
        case str():
            yield from _more(place, len(value), TEXTS.get(field, MAX_TEXT), "characters")
        case bool():
            return
        case int():
            yield from _more(place, abs(value), MAX_INTEGER, "in size")
        case dict() | list() | tuple() if depth == MAX_DEPTH:
            yield place, f"more than {MAX_DEPTH} lists and objects within one another"
        case dict():
            yield from _more(place, len(value), ITEMS.get(field, MAX_ITEMS), "entries")
            for key, inner in value.items():
                yield from _more(f"a key of {place}", len(key), MAX_KEY, "characters")
                yield from _excesses(inner, _join(place, key), _join(field, key), depth + 1)
        case list() | tuple():
            yield from _more(place, len(value), ITEMS.get(field, MAX_ITEMS), "entries")
            for n, inner in enumerate(value):
                yield from _excesses(inner, f"{place}[{n}]", field, depth + 1)


def _more(place: str, count: int, cap: int, what: str) -> Iterator[tuple[str, str]]:
    if count > cap:
        yield place, f"{count} {what}, where {cap} is the most"


def _shortened(value: Any, field: str) -> Any:
    if isinstance(value, str):
        return excerpt(value, TEXTS.get(field, MAX_TEXT))
    if isinstance(value, list | tuple):
        return [_shortened(inner, field) for inner in value]
    if isinstance(value, dict):
        return {excerpt(key, MAX_KEY): _shortened(inner, _join(field, key)) for key, inner in value.items()}
    return value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
