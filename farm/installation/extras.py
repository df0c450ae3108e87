"""How what an installation lacks is brought: no registry has this package."""

from __future__ import annotations


def bring(extra: str) -> str:
    """What to type for an extra of ``pyproject.toml``, and where."""
    return f"pip install -c constraints.txt '.[{extra}]' in a clone of the farm"
