"""The documents say of reading what a run said."""

from __future__ import annotations

import pytest

from benchmarks.reading.document import DOCUMENT, NAMES, lines, replaced
from benchmarks.reading.measure import Reading

ROWS = [
    Reading(query, kind, 1_000_000, milliseconds + 0.4, 1.0)
    for kind, milliseconds in (("sqlite", 7), ("postgresql", 8))
    for query in NAMES
]


def test_the_table_of_the_document_is_replaced_and_nothing_else() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    made = replaced(text, ROWS)
    assert [line for line in made.splitlines() if line not in text.splitlines()] == lines(ROWS)[2:]
    assert lines(ROWS)[2] == "| `farm status` | 7 | 8 |"
    assert len(made.splitlines()) == len(text.splitlines())
    assert replaced(made, ROWS) == made


def test_a_document_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table"):
        replaced("# Nothing\n", ROWS)
