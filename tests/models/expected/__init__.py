"""Output shapes of every public architecture at its defaults, written out by hand: one file a group, joined here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.models.expected.forms import Shapes


def _joined() -> dict[str, Shapes]:
    found: dict[str, Shapes] = {}
    for module in iter_modules(__path__):
        for name, shapes in getattr(import_module(f"{__name__}.{module.name}"), "EXPECTED", {}).items():
            if name in found:
                raise ValueError(f"{name} has its shapes in two files")
            found[name] = shapes
    return found


EXPECTED = _joined()
