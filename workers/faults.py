"""Faults of the simulated device, switched on in its profile: how the farm shows that it tells one failure from another.

A profile names them as ``faults: [nan]`` or ``faults: [{name: wrong_kernel, op: conv2d}]``.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcore.platform.ops import registry
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected
from workers.outcome import Cause, Outcome

Outputs = dict[str, np.ndarray]
Run = Callable[[Mapping[str, np.ndarray]], Outputs]
Kernel = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue: what it does, and the outcome and cause that it must lead to."""

    name: str
    does: str
    outcome: Outcome
    cause: Cause


_STACK, _UNIT = Cause.DEVICE_STACK, Cause.DEVICE_UNIT
CATALOGUE = {
    fault.name: fault
    for fault in (
        Fault("wrong_kernel", "an op (parameter op) gives its channels one place on", Outcome.MISMATCH, _STACK),
        Fault("nan", "the first value of every output is NaN", Outcome.NONFINITE, _STACK),
        Fault("wrong_shape", "outputs lack their last column", Outcome.SHAPE_OR_DTYPE, _STACK),
        Fault("stale_output", "outputs are those of the first inputs of their size", Outcome.MISMATCH, _STACK),
        Fault("hang", "running never ends", Outcome.DEVICE_TIMEOUT, _STACK),
        Fault("segfault", "running reads at address 0", Outcome.CRASH, _STACK),
        Fault("out_of_memory", "the device says that its memory is full", Outcome.OUT_OF_MEMORY, _STACK),
        Fault("load_rejected", "the device's loader refuses the network", Outcome.LOAD_REJECTED, _STACK),
        Fault("crash", "the driver raises what it should not", Outcome.HARNESS_ERROR, Cause.HARNESS),
        Fault("disconnect", "the unit goes away while it runs", Outcome.INFRA_ERROR, Cause.INFRA),
        Fault("bad_unit", "all that the unit computes is off, known-good networks too", Outcome.INFRA_ERROR, _UNIT),
    )
}


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one profile, ready to be applied. ``op`` is the op of ``wrong_kernel``."""

    names: frozenset[str]
    op: str = "conv2d"

    def sparing_the_canary(self) -> Faults:
        """What strikes the canary too: a fault of the stack leaves its plain ops alone, one of the unit does not."""
        return Faults(self.names & {"bad_unit"})

    @classmethod
    def of(cls, entries: Sequence[Any]) -> Faults:
        """Read a profile's list; raises ``ValueError`` for a fault, a parameter or an op that does not exist."""
        names, op = set(), "conv2d"
        for entry in entries:
            fields = {"name": entry} if isinstance(entry, str) else dict(entry)
            name = fields.pop("name", None)
            if name not in CATALOGUE:
                raise ValueError(f"faults: no fault {name!r}; there are {', '.join(CATALOGUE)}")
            if name == "wrong_kernel":
                op = fields.pop("op", op)
                if op not in registry.names():
                    raise ValueError(f"faults: wrong_kernel names op {op!r}, which does not exist")
            if fields:
                raise ValueError(f"faults: {name} has no parameter {sorted(fields)[0]!r}")
            names.add(name)
        return cls(frozenset(names), op)

    def kernels(self) -> dict[str, Kernel]:
        """Kernels that replace ops' own."""
        if "wrong_kernel" not in self.names:
            return {}
        good = registry.get(self.op).kernel

        def wrong(*inputs: Any, **attributes: Any) -> Any:
            result = good(*inputs, **attributes)
            return np.roll(result, 1, axis=1 if result.ndim > 1 else 0)

        return {self.op: wrong}

    def check_load(self) -> None:
        """Raise what the device's loader would."""
        if "load_rejected" in self.names:
            raise LoadRejected("fault load_rejected is switched on")

    def around(self, run: Run) -> Run:
        """``run`` as the faulty device does it."""
        first: dict[tuple[tuple[int, ...], ...], Outputs] = {}

        def faulty(inputs: Mapping[str, np.ndarray]) -> Outputs:
            self._before()
            outputs = run(inputs)
            if "stale_output" in self.names:
                outputs = first.setdefault(tuple(a.shape for a in inputs.values()), outputs)
            return {name: self._spoilt(value) for name, value in outputs.items()}

        return faulty if self.names else run

    def _before(self) -> None:
        if "hang" in self.names:
            while True:
                time.sleep(3600)
        if "segfault" in self.names:
            ctypes.string_at(0)
        if "crash" in self.names:
            raise RuntimeError("fault crash is switched on")
        if "disconnect" in self.names:
            raise DeviceLost("fault disconnect is switched on")
        if "out_of_memory" in self.names:
            raise DeviceOutOfMemory("fault out_of_memory is switched on")

    def _spoilt(self, value: np.ndarray) -> np.ndarray:
        if "bad_unit" in self.names:
            value = value + np.ones((), value.dtype)
        if "wrong_shape" in self.names:
            value = value[..., :-1]
        if "nan" in self.names and value.size:
            value = value.copy()
            value.flat[0] = np.nan
        return value
