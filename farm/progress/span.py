"""Spans of time in words."""

from __future__ import annotations


def span(seconds: float) -> str:
    """What something takes: 8.2 s, 12 min, 2.5 h."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
