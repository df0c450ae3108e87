"""Faults of the simulated device, switched on in its profile: how the farm shows that it tells one failure from another.

A profile names them as ``faults: [nan]`` or ``faults: [{name: wrong_kernel, op: conv2d, value: v12}]``. A fault is one of the
stack, which the canary does not meet, unless ``unit: true`` makes it one of the unit, which spares nothing. ``farm selftest
--list`` prints the catalogue. Those that change the network itself are in :mod:`workers.profiles.strikes`.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.graph import WEIGHT_PREFIX, Graph, is_weight
from mcore.platform.ops import registry
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected
from workers.outcome import Cause, Group, Outcome
from workers.profiles.strikes import STRIKES, first_heavy, first_matrix, flipped_weight, struck

Outputs = Mapping[str, np.ndarray]
Run = Callable[[Mapping[str, np.ndarray]], Outputs]
Kernel = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue: what it does, and the outcome and cause that it must lead to, as one of the stack.

    ``seen_by_canary`` is false for what only costs precision: the canary takes any precision, so that a stack which is not as
    exact as its policy asks is not taken for a broken unit.
    """

    name: str
    does: str
    outcome: Outcome
    cause: Cause = Cause.DEVICE_STACK
    parameters: tuple[str, ...] = ()
    seen_by_canary: bool = True

    @property
    def endless(self) -> bool:
        """Whether it is ended by the limit of time alone."""
        return self.outcome is Outcome.DEVICE_TIMEOUT

    @property
    def as_one_of_the_unit(self) -> tuple[Outcome, Cause]:
        """The outcome and cause that it must lead to where the canary meets it."""
        if self.name == "memory_hog":  # before anything has lived within the limit, the limit itself is in doubt
            return Outcome.HARNESS_ERROR, Cause.HARNESS
        if self.outcome.group is Group.PRODUCT:
            return Outcome.INFRA_ERROR, Cause.DEVICE_UNIT
        return self.outcome, self.cause


CATALOGUE = {
    fault.name: fault
    for fault in (
        Fault(
            "wrong_kernel",
            "an op gives its channels one place on; at one value, or wherever it is used",
            Outcome.MISMATCH,
            parameters=("op", "value"),
        ),
        Fault(
            "wrong_accumulation",
            "a value is summed in eight significant bits",
            Outcome.MISMATCH,
            parameters=("value",),
            seen_by_canary=False,
        ),
        Fault(
            "wrong_layout",
            "a value has its elements in the order of channels last",
            Outcome.MISMATCH,
            parameters=("value",),
        ),
        Fault(
            "bit_flip_activation",
            "one bit of a value's largest element is flipped",
            Outcome.MISMATCH,
            parameters=("value",),
        ),
        Fault(
            "bit_flip_weight",
            "one bit of a weight's largest element is flipped",
            Outcome.MISMATCH,
            parameters=("weight",),
        ),
        Fault("nan", "the first value of every output is NaN", Outcome.NONFINITE),
        Fault("wrong_shape", "outputs lack their last column", Outcome.SHAPE_OR_DTYPE),
        Fault("stale_output", "outputs are those of the first inputs of their size", Outcome.MISMATCH),
        Fault(
            "flaky",
            "the outputs of every k-th run are off, the others right",
            Outcome.NONDETERMINISTIC,
            parameters=("every",),
        ),
        Fault("hang", "running never ends", Outcome.DEVICE_TIMEOUT),
        Fault("spin", "native code runs for ever and holds the interpreter's lock", Outcome.DEVICE_TIMEOUT),
        Fault("segfault", "running reads at address 0", Outcome.CRASH),
        Fault("out_of_memory", "the device says that its memory is full", Outcome.OUT_OF_MEMORY),
        Fault("memory_hog", "running takes memory without end", Outcome.OUT_OF_MEMORY),
        Fault("load_rejected", "the device's loader refuses the network", Outcome.LOAD_REJECTED),
        Fault("crash", "the driver raises what it should not", Outcome.HARNESS_ERROR, Cause.HARNESS),
        Fault(
            "exit", "the device's library ends the process as if all were well", Outcome.HARNESS_ERROR, Cause.HARNESS
        ),
        Fault("killed", "someone kills the process", Outcome.INFRA_ERROR, Cause.INFRA),
        Fault("disconnect", "the unit goes away while it runs", Outcome.INFRA_ERROR, Cause.DEVICE_UNIT),
        Fault(
            "breaks_down",
            "the unit ends the process while it runs, and is broken from then on: the file marker says so",
            Outcome.INFRA_ERROR,
            Cause.DEVICE_UNIT,
            parameters=("marker",),
        ),
        Fault("bad_unit", "all that the unit computes is off, the canary too", Outcome.INFRA_ERROR, Cause.DEVICE_UNIT),
    )
}


@dataclass(frozen=True, slots=True)
class Switched:
    """A fault that is on, with the parameters that its entry in the catalogue names.

    ``op`` is struck wherever it is used, or at ``value`` alone; ``weight`` names the one with the flipped bit, ``every`` how
    many runs there are to a wrong one, ``marker`` the file by which a unit stays broken from one process to the next.
    """

    name: str
    op: str = "conv2d"
    value: str = ""
    weight: str = ""
    every: int = 3
    marker: str = ""
    unit: bool = False

    @classmethod
    def of(cls, entry: Any) -> Switched:
        """Read an entry of a profile; raises ``ValueError`` for a fault, a parameter or an op that does not exist."""
        if not isinstance(entry, str | Mapping):
            raise ValueError(f"faults: an entry is a name or a mapping with one, not {entry!r}")
        fields: dict[str, Any] = {"name": entry} if isinstance(entry, str) else dict(entry)
        name = fields.get("name")
        if not isinstance(name, str) or name not in CATALOGUE:
            raise ValueError(f"faults: no fault {name!r}; there are {', '.join(CATALOGUE)}")
        if unknown := sorted(fields.keys() - {"name", "unit", *CATALOGUE[name].parameters}):
            raise ValueError(f"faults: {name} has no parameter {unknown[0]!r}")
        made = cls(**{**fields, "unit": name in ("bad_unit", "breaks_down") or bool(fields.get("unit"))})
        if made.op not in registry.names():
            raise ValueError(f"faults: wrong_kernel names op {made.op!r}, which does not exist")
        if type(made.every) is not int or made.every < 1:
            raise ValueError(f"faults: every must be a number of runs from 1 on, not {made.every!r}")
        for parameter in ("value", "weight", "marker"):
            if not isinstance(given := getattr(made, parameter), str):
                raise ValueError(f"faults: {parameter} must be a text, not {given!r}")
        if name == "breaks_down" and not made.marker:
            raise ValueError("faults: breaks_down needs the parameter marker, a file that says that the unit is broken")
        return made

    def __str__(self) -> str:
        told = (str(given) for given in (getattr(self, name) for name in CATALOGUE[self.name].parameters) if given)
        where = " ".join(told)
        return self.name + (f"({where})" if where else "") + (" of the unit" if self.unit else "")


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one profile, ready to be applied."""

    switched: tuple[Switched, ...] = ()

    @classmethod
    def of(cls, entries: Sequence[Any]) -> Faults:
        """Read a profile's list; raises ``ValueError`` for an entry that is wrong."""
        if isinstance(entries, str) or not isinstance(entries, Sequence):
            raise ValueError("faults: must be a list")
        return cls(tuple(Switched.of(entry) for entry in entries))

    def of_the_unit(self) -> Faults:
        """Those that the canary meets: a unit that breaks down while it runs is sound until then."""
        return Faults(tuple(fault for fault in self.switched if fault.unit and _has_begun(fault)))

    def on(self, name: str) -> bool:
        """Whether fault ``name`` is switched on."""
        return any(fault.name == name for fault in self.switched)

    def __str__(self) -> str:
        return ", ".join(sorted(map(str, self.switched)))

    def kernels(self, bundle: Bundle) -> dict[str, Kernel]:
        """Kernels that replace ops' own, for the network of ``bundle``; raises ``ValueError`` for a value that it lacks."""
        kernels: dict[str, Kernel] = {}
        for fault in self.switched:
            if fault.name == "wrong_kernel":
                kernels[fault.op] = _wrong(fault, bundle, kernels.get(fault.op) or registry.get(fault.op).kernel)
        return kernels

    def placed(self, bundle: Bundle) -> Faults:
        """With the names of what they strike in ``bundle`` where the profile leaves them out."""
        return Faults(tuple(_placed(fault, bundle) for fault in self.switched))

    def within(self, part: Bundle) -> Faults:
        """Those that strike a node which runs alone; they are placed already."""
        made = {name for graph in part.graphs for node in graph.nodes for name in node.outputs}
        return Faults(
            tuple(
                fault
                for fault in self.switched
                if (not fault.value or fault.value in made) and (not fault.weight or fault.weight in part.weights)
            )
        )

    def network(self, bundle: Bundle) -> tuple[Sequence[Graph], dict[str, Kernel]]:
        """The graphs of ``bundle`` with the values that are struck, and all kernels that are wrong."""
        strikes = [(fault.value, STRIKES[fault.name]) for fault in self.switched if fault.name in STRIKES]
        kernels = self.kernels(bundle)
        if not strikes:
            return bundle.graphs, kernels
        graphs, carriers = struck(bundle, strikes)
        return graphs, kernels | carriers

    def weights(self, bundle: Bundle) -> Mapping[str, np.ndarray]:
        """The weights as the faulty device has them."""
        flips = [fault.weight for fault in self.switched if fault.name == "bit_flip_weight"]
        return flipped_weight(bundle, flips[0]) if flips else bundle.weights

    def check_load(self) -> None:
        """Raise what the device's loader would."""
        if self.on("load_rejected"):
            raise LoadRejected("fault load_rejected is switched on")

    def around(self, run: Run) -> Run:
        """``run`` as the faulty device does it."""
        first: dict[tuple[tuple[int, ...], ...], Outputs] = {}
        runs = count(1)

        def faulty(inputs: Mapping[str, np.ndarray]) -> Outputs:
            self._before()
            outputs = run(inputs)
            if self._strays(next(runs)):
                outputs = {name: _off(value) for name, value in outputs.items()}
            if self.on("stale_output"):
                outputs = first.setdefault(tuple(a.shape for a in inputs.values()), outputs)
            return {name: self._spoilt(value) for name, value in outputs.items()}

        return faulty if self.switched else run

    def _before(self) -> None:
        for fault in self.switched:
            if fault.name == "breaks_down":
                Path(fault.marker).touch()
                ctypes.string_at(0)
            if fault.name in _ACTS:
                _ACTS[fault.name]()

    def _strays(self, run: int) -> bool:
        return any(fault.name == "flaky" and run % fault.every == 0 for fault in self.switched)

    def _spoilt(self, value: np.ndarray) -> np.ndarray:
        if self.on("bad_unit"):
            value = _off(value)
        if self.on("wrong_shape"):
            value = value[..., :-1]
        if self.on("nan") and value.size and value.dtype.kind == "f":
            value = value.copy()
            value.flat[0] = np.nan
        return value


def _wrong(fault: Switched, bundle: Bundle, good: Kernel) -> Kernel:
    """``good`` with its channels one place on; for one node, known by its weight, where the fault names a value."""
    target = _weight_of(fault, bundle) if fault.value else None

    def wrong(*inputs: Any, **attributes: Any) -> Any:
        result = good(*inputs, **attributes)
        if target is not None and not any(i is not None and np.array_equal(i, target) for i in inputs[1:]):
            return result
        axis = 1 if np.ndim(result) == 4 else -1
        return np.roll(result, 1, axis) if result.shape[axis] > 1 else -result

    return wrong


def _placed(fault: Switched, bundle: Bundle) -> Switched:
    if fault.name in STRIKES and not fault.value:
        return replace(fault, value=first_heavy(bundle))
    if fault.name == "bit_flip_weight" and not fault.weight:
        return replace(fault, weight=first_matrix(bundle))
    return fault


def _has_begun(fault: Switched) -> bool:
    return fault.name != "breaks_down" or Path(fault.marker).exists()


def _off(value: np.ndarray) -> np.ndarray:
    """``value`` plus its largest magnitude."""
    made: np.ndarray = value + np.abs(value).max(initial=1).astype(value.dtype)
    return made


def _weight_of(fault: Switched, bundle: Bundle) -> np.ndarray:
    for node in (node for graph in bundle.graphs for node in graph.nodes):
        if fault.value in node.outputs and node.op == fault.op:
            for name in node.inputs[1:]:
                if name is not None and is_weight(name):
                    return bundle.weights[name.removeprefix(WEIGHT_PREFIX)]
    raise ValueError(f"faults: {fault.value!r} is not made by a {fault.op} that has a weight")


def _hang() -> None:
    while True:
        time.sleep(3600)


def _spin() -> None:
    deque(itertools.repeat(None), maxlen=0)  # a loop in C: no other thread and no signal handler has a turn


def _hog() -> None:
    held = []
    while True:
        held.append(np.ones(16 << 20, np.uint8))


def _refuse(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


_ACTS: dict[str, Callable[[], object]] = {
    "hang": _hang,
    "spin": _spin,
    "segfault": lambda: ctypes.string_at(0),
    "memory_hog": _hog,
    "exit": lambda: os._exit(0),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crash": _refuse(RuntimeError("fault crash is switched on")),
    "disconnect": _refuse(DeviceLost("fault disconnect is switched on")),
    "out_of_memory": _refuse(DeviceOutOfMemory("fault out_of_memory is switched on")),
}
