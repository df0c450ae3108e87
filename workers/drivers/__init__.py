"""Drivers by name; each is imported when it is used, so that a host needs only the libraries of its own device."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from workers.driver import Driver

DRIVERS = {"numpy": "NumpyDriver", "torch": "TorchDriver"}


def make_driver(name: str, profile: Mapping[str, Any]) -> Driver:
    """The driver ``name`` with a profile; raises ``ValueError`` for an unknown name or a bad profile."""
    if name not in DRIVERS:
        raise ValueError(f"no driver {name!r}; there are {', '.join(DRIVERS)}")
    module = importlib.import_module(f"workers.drivers.{name}")
    made: Driver = getattr(module, DRIVERS[name])(profile)
    return made


def check_keys(profile: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for a profile key that a driver does not have."""
    if unknown := sorted(profile.keys() - set(known)):
        raise ValueError(f"profile has no key {unknown[0]!r}; it has {', '.join(known)}")
