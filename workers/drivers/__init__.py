"""Drivers by name; each is imported when it is used, so that a host needs only the libraries of its own device."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the names are read where NumPy is not wanted
    from workers.driver import Driver

#: Class by name; it stands in the module of that name.
DRIVERS = {
    "command": "CommandDriver",
    "numpy": "NumpyDriver",
    "onnxruntime": "OnnxRuntimeDriver",
    "openvino": "OpenVinoDriver",
    "torch": "TorchDriver",
}


class NoSuchDriver(ValueError):  # noqa: N818
    """A driver that is not in this version of the package."""


def make_driver(name: str, profile: Mapping[str, Any]) -> Driver:
    """The driver ``name`` with a profile.

    Raises:
        NoSuchDriver: this host's version of the package has no such driver.
        ValueError: its profile is bad.
        ModuleNotFoundError: a library of this kind of device is not installed here.
        ImportError: the module or the class that it is entered by is not there.
        DriverError: the unit does not come up.
    """
    if name not in DRIVERS:
        raise NoSuchDriver(f"no driver {name!r}; there are {', '.join(sorted(DRIVERS))}")
    kind = _class_of(name)
    try:
        made: Driver = kind(profile)
    except ValueError as error:
        raise ValueError(f"profile of driver {name!r}: {error}") from None
    return made


def _class_of(name: str) -> Any:
    path = f"workers.drivers.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise  # a library of the device
        raise ImportError(f"there is no workers/drivers/{name}.py, which DRIVERS names") from None
    try:
        return getattr(module, DRIVERS[name])
    except AttributeError:
        raise ImportError(f"workers/drivers/{name}.py has no class {DRIVERS[name]!r}, which DRIVERS names") from None


def check_keys(profile: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for a profile key that a driver does not have."""
    if unknown := sorted(profile.keys() - set(known)):
        raise ValueError(f"there is no key {unknown[0]!r}; it has {', '.join(known)}")


def check_threads(profile: Mapping[str, Any]) -> int:
    """``threads`` of a profile, 1 where it is left out; raises ``ValueError`` for what is no number of threads."""
    threads = profile.get("threads", 1)
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads: must be a number from 1 on, not {threads!r}")
    return threads
