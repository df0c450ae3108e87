"""Figures and verdicts in the words and symbols that the terminal and the pages have in common."""

from __future__ import annotations

from datetime import timedelta

from farm.states.verdict import Verdict

#: Of each verdict its symbol, and its style on a terminal.
SYMBOLS = {
    Verdict.SUPPORTED: ("✓", "green"),
    Verdict.PARTIAL: ("◐", "yellow"),
    Verdict.UNSUPPORTED: ("–", "magenta"),
    Verdict.FAILED: ("✗", "red"),
    Verdict.FLAKY: ("≈", "yellow"),
    Verdict.NO_VERDICT: ("?", "cyan"),
    Verdict.MISSING: ("·", "dim"),
}
#: The columns of names of the table, and what they are called.
HEADS = {"network": "network", "backbone": "backbone", "neck": "neck", "head": "head/decoder"}
RESULTS = {"passes": "✓ passes", "fails": "✗ fails", "unknown": "· unknown"}


def age(span: timedelta) -> str:
    """A span of time at a glance: 41 s, 12 min, 5.2 h, 9.1 d."""
    seconds = span.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} min" if unit == "min" else f"{seconds / length:.1f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def size_words(size_bytes: int) -> str:
    """A size in words: ``1.5 MiB``."""
    size, units = float(size_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, _ = size / 1024, units.pop(0)
    return f"{size:.1f} {units[0]}" if units[0] != "B" else f"{size_bytes} B"


def percent(chance: float) -> str:
    """A probability for people: nothing that is only likely is shown as certain."""
    return "<1 %" if chance < 0.01 else ">99 %" if chance > 0.99 else f"{chance:.0%}".replace("%", " %")
