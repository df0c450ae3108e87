"""Which network here is which elsewhere: one file a group, joined here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.models.references.reference import Reference


def _joined() -> dict[str, Reference]:
    found: dict[str, Reference] = {}
    for module in iter_modules(__path__):
        for name, reference in getattr(import_module(f"{__name__}.{module.name}"), "REFERENCES", {}).items():
            if name in found:
                raise ValueError(f"{name} has its reference in two files")
            found[name] = reference
    return found


REFERENCES = _joined()
