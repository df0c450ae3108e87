"""The pages of the reference, each written from what it is of: ``python -m farm.reference`` writes all of them anew.

A page whose subject has a module of its own is made there (:mod:`mcore.platform.ops.page`, :mod:`farm.documents.page`); the
others are made here. A test holds each page of the repository against what is made now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path


def pages() -> Mapping[str, Callable[[], str]]:
    """What makes each page, by the name of its file."""
    from farm.documents import page as documents
    from farm.reference import api, commands, inventory_keys, outcomes, settings
    from mcore.platform.format import page as format_
    from mcore.platform.ops import page as ops

    return {
        "api.md": api.page,
        "commands.md": commands.page,
        "format.md": format_.page,
        "inventory-keys.md": inventory_keys.page,
        "json.md": documents.page,
        "ops.md": ops.page,
        "outcomes.md": outcomes.page,
        "settings.md": settings.page,
    }


def write(folder: Path, made: Mapping[str, Callable[[], str]]) -> list[Path]:
    """Write the pages that are not as they would be made now; gives those."""
    written = []
    for name, page in made.items():
        place, text = folder / name, page()
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")
            written.append(place)
    return written
