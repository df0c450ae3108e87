"""The protocol that every device driver keeps: load, run, report; nothing about queues, databases or tolerances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.graph import Graph


class DriverError(Exception):
    """Base of what a driver raises on purpose; anything else that escapes it is a harness error.

    ::

        DriverError
        ├── LoadRejected     the device's own loader refuses the network, with its reason
        ├── DeviceOutOfMemory
        └── DeviceLost       the unit went away: an infra matter, never the network's
    """


class LoadRejected(DriverError):  # noqa: N818
    """The device's own loader refuses the network."""


class DeviceOutOfMemory(DriverError):  # noqa: N818
    """The device has too little memory for the network or this input."""


class DeviceLost(DriverError):  # noqa: N818
    """The unit cannot be reached any more."""


class Session(Protocol):
    """A loaded network."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name for inputs by name; blocks until the device is done."""

    def close(self) -> None:
        """Give the device's memory back."""


class Driver(Protocol):
    """One kind of device. Constructed with its profile from ``inventory.yaml``; raises ``ValueError`` for a bad profile."""

    def __init__(self, profile: Mapping[str, Any]) -> None: ...

    def fingerprint(self) -> Mapping[str, str]:
        """Names and versions of all that can change a result: runtime, driver, firmware, precision."""

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """Ops of ``graph`` (``conv2d``, or with a reason ``conv2d: kernel larger than 7``) that this device lacks."""

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> Session:
        """Load the network; with ``fetch``, a session that returns just these inner values (for finding a layer).

        Raises:
            LoadRejected: the device refuses it.
            NotImplementedError: ``fetch`` was given and this device cannot run sub-graphs.
        """
