"""Texts of the code as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def note(module: str) -> str:
    """The comment that a generated page begins with."""
    return f"<!-- Written by: python -m farm.reference, of {module} -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def anchor(heading: str) -> str:
    """What a heading of letters, digits, spaces and signs is linked to by, as GitHub makes it."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")
