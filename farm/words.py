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


def span(time: float | timedelta) -> str:
    """A span of time, in seconds if it is a number, at a glance: 8.2 s, 12 min, 5.2 h, 9.1 d."""
    seconds = max(0.0, time.total_seconds() if isinstance(time, timedelta) else time)
    if seconds < 60:
        return f"{seconds:.1f} s"
    if (minutes := round(seconds / 60)) < 120:
        return f"{minutes} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def number_of(number: int, what: str) -> str:
    """``1 job``, ``2 jobs``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def size_words(size_bytes: int) -> str:
    """A size in words: ``1.5 MiB``."""
    size, units = float(size_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, _ = size / 1024, units.pop(0)
    return f"{size:.1f} {units[0]}" if units[0] != "B" else f"{size_bytes} B"


def percent(chance: float) -> str:
    """A probability for people: nothing that is only likely is shown as certain."""
    return "<1 %" if chance < 0.01 else ">99 %" if chance > 0.99 else f"{chance:.0%}".replace("%", " %")
