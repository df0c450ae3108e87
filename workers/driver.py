"""The protocol that every device driver keeps: load, run, report; nothing about queues, databases or tolerances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
        ├── DeviceCrashed    the device's own program ended without a result
        ├── DeviceTimedOut   it did not end in time
        └── DeviceLost       the unit went away: an infra matter, never the network's
    """


class LoadRejected(DriverError):  # noqa: N818
    """The device's own loader refuses the network."""


class DeviceOutOfMemory(DriverError):  # noqa: N818
    """The device has too little memory for the network or this input."""


class DeviceCrashed(DriverError):  # noqa: N818
    """The device's own program ended without a result, where it is another process than the driver's."""


class DeviceTimedOut(DriverError):  # noqa: N818
    """The device's own program did not end within its time."""


class DeviceLost(DriverError):  # noqa: N818
    """The unit cannot be reached any more."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a runtime put its operators: how many on the accelerator, and the kinds of those that fell back to the CPU."""

    accelerated: int
    fallen_back: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.fallen_back:
            return f"all {self.accelerated} operators ran on the accelerator"
        kinds = ", ".join(sorted(set(self.fallen_back)))
        return f"{len(self.fallen_back)} of {self.accelerated + len(self.fallen_back)} operators fell back to the CPU: {kinds}"


class Session(Protocol):
    """A loaded network.

    One whose runtime may leave some of its operators to the CPU has a method ``placement`` beside these, which says after a
    run where they were (:func:`placement_of`); one that times its runs itself has ``run_ms``, of the last run.
    """

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name for inputs by name; blocks until the device is done."""

    def close(self) -> None:
        """Give the device's memory back."""


def placement_of(session: Session) -> Placement | None:
    """Where the operators of ``session`` ran; ``None`` where all of a device is one, or its runtime does not tell."""
    tell: Callable[[], Placement | None] | None = getattr(session, "placement", None)
    return tell() if tell is not None else None


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


def fingerprint_of(driver: Driver) -> dict[str, str]:
    """What ``driver`` says of its unit; raises ``TypeError`` for what is no text, which no report can hold."""
    told: Mapping[Any, Any] = driver.fingerprint()
    for name, value in told.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise TypeError(f"fingerprint() gives {name!r} as {type(value).__name__}; names and values are texts")
    return dict(told)


def lacking_on(driver: Driver, graphs: Sequence[Graph]) -> tuple[str, ...]:
    """What ``driver`` lacks of all ``graphs``, each once; raises ``TypeError`` for what is no list of texts.

    A single text would be taken for a list of its letters.
    """
    found: dict[str, None] = {}
    for graph in graphs:
        told: Any = driver.unsupported(graph)
        if not isinstance(told, list | tuple) or not all(isinstance(what, str) for what in told):
            raise TypeError(f"unsupported() gives {told!r}; it is a list of texts")
        found.update(dict.fromkeys(told))
    return tuple(found)


def checked_outputs(outputs: Any) -> Mapping[str, np.ndarray]:
    """What a session's run gave; raises ``TypeError`` for what cannot be compared, since it is no arrays by name."""
    if not isinstance(outputs, Mapping):
        raise TypeError(f"run() gives {type(outputs).__name__}; it is a mapping of names to NumPy arrays")
    for name, value in outputs.items():
        if not isinstance(value, np.ndarray | np.generic):
            raise TypeError(f"run() gives output {name!r} as {type(value).__name__}; it is a NumPy array")
    return outputs
