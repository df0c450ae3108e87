"""The simulated device: the Platform's own NumPy runtime."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mcore.platform import bfloat16, ops, runtime
from mcore.platform.bundle import Bundle, Identity
from mcore.platform.errors import BackendError, FormatError, PlatformError
from mcore.platform.graph import OPSET, Graph
from mcore.platform.ops import registry
from mcore.platform.runtime import Model, blas
from mcore.platform.runtime.modes import Mode
from mcore.platform.variants import graph_for
from workers import profiles
from workers.canary import is_canary
from workers.driver import LoadRejected
from workers.drivers import check_keys, check_threads
from workers.faults import Faults
from workers.judging.part import is_part
from workers.profiles import arithmetic, int8, limits, precision, strikes

_KEYS = (
    "mode",
    "threads",
    "precision",
    "arithmetic",
    "missing_ops",
    "op_limits",
    "memory_mib",
    "width_multiple_of",
    "speed",
    "faults",
)


Arrays = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


class NumpySession:
    """A network on the simulated device."""

    def __init__(
        self, model: Model, faults: Faults, taken: Arrays, memory_mib: float | None, width: int | None, speed: float
    ) -> None:
        self._model: Model | None = model
        self._taken, self._memory_mib, self._width = taken, memory_mib, width
        self._run = limits.slowed(faults.around(self._sound), speed)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name; each input size is planned on its first run, and raises ``LoadRejected`` where it cannot be."""
        return self._run(inputs)

    def close(self) -> None:
        """Forget the network and its buffers."""
        self._model = None

    def _sound(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        assert self._model is not None
        shapes = {name: value.shape for name, value in inputs.items()}
        limits.check_width(shapes, self._width)
        try:
            if self._memory_mib is not None:
                limits.check_memory(graph_for(self._model.graphs, shapes), shapes, self._memory_mib)
            program = self._model.program(shapes)
        except FormatError:
            raise  # the file of the weights was changed meanwhile: that is this host's matter, not the network's
        except PlatformError as error:
            raise LoadRejected(str(error)) from error
        return program.run(self._taken(inputs))


class NumpyDriver:
    """The driver of the simulated device.

    Profile: ``mode`` (default, fast, exact, reference), ``threads`` (of a run), ``precision`` (that values are stored in:
    :mod:`workers.profiles.precision`), ``arithmetic`` (that sums are made in: :mod:`workers.profiles.arithmetic`),
    ``missing_ops`` (names of ops), ``op_limits``, ``memory_mib``, ``width_multiple_of``, ``speed``
    (:mod:`workers.profiles.limits`),
    ``faults`` (:mod:`workers.faults`).
    """

    def __init__(self, profile: Mapping[str, Any]) -> None:
        check_keys(profile, _KEYS)
        try:
            self._mode = Mode.of(profile.get("mode", Mode.DEFAULT))
        except BackendError as error:
            raise ValueError(f"mode: {error}") from None
        self._threads = check_threads(profile)
        self._precision = precision.check(profile.get("precision", precision.FULL))
        self._arithmetic = arithmetic.check(profile.get("arithmetic", precision.FULL), self._precision)
        self._limits = limits.OpLimits.of(profile.get("op_limits", {}))
        self._memory_mib = limits.positive(profile, "memory_mib")
        self._width = limits.whole(profile, "width_multiple_of")
        self._speed = limits.positive(profile, "speed", most=1) or 1.0
        missing = profile.get("missing_ops", ())
        if isinstance(missing, str) or not all(isinstance(name, str) for name in missing):
            raise ValueError("missing_ops: must be a list of op names")
        self._missing = frozenset(missing)
        if unknown := sorted(self._missing - set(registry.names())):
            raise ValueError(f"missing_ops: no op {unknown[0]!r}")
        self._faults = Faults.of(profile.get("faults", ()))
        self._placed: dict[Identity, Faults] = {}
        self._peaks: dict[Identity, Mapping[str, float]] = {}

    def fingerprint(self) -> Mapping[str, str]:
        """The code that computes, and the BLAS kernels that shape its rounding; the number of threads changes no bit."""
        simulated = {
            "arithmetic": self._arithmetic if self._arithmetic != precision.FULL else "",
            "faults": str(self._faults),
            "missing_ops": ", ".join(sorted(self._missing)),
            "op_limits": json.dumps(self._limits.of_op, sort_keys=True) if self._limits.of_op else "",
            "memory_mib": f"{self._memory_mib:g}" if self._memory_mib else "",
            "width_multiple_of": str(self._width or ""),
            "speed": f"{self._speed:g}" if self._speed != 1 else "",
        }
        return {
            "driver": "numpy",
            "runtime": _code(),
            "opset": str(OPSET),
            "numpy": np.__version__,
            "blas": blas.current().core or "unknown",
            "mode": self._mode.value,
            "precision": self._precision,
            **{key: value for key, value in simulated.items() if value},
        }

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """The ops of the graph that the profile takes away, and those beyond its limits."""
        return [*sorted({node.op for node in graph.nodes} & self._missing), *self._limits.beyond(graph)]

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> NumpySession:
        """Plan nothing yet: each input size is planned on its first run."""
        faults = self._faults_for(bundle)
        faults.check_load()
        graphs, kernels = faults.network(bundle)
        weights = faults.weights(bundle)
        peaks = self._peaks_for(bundle) if self._precision == precision.INT8 else {}
        if self._precision == precision.INT8:
            graphs, carrier = int8.quantising(graphs, peaks)
            kernels, weights = kernels | carrier, int8.weights_of(weights)
        elif self._precision != precision.FULL:
            graphs, carrier = precision.rounding(graphs, self._precision)
            kernels = {**arithmetic.kernels(self._arithmetic), **kernels, **carrier}
            weights = precision.stored(weights, self._precision)
        if fetch is not None:
            wanted = set(fetch)
            graphs = [graph.fetching(fetch) for graph in graphs if graph.types.keys() >= wanted]
        model = Model(graphs, weights, mode=self._mode, kernels=kernels, threads=self._threads)
        width = None if is_canary(bundle) or is_part(bundle) else self._width
        return NumpySession(model, faults, self._inputs(peaks), self._memory_mib, width, self._speed)

    def _inputs(self, peaks: Mapping[str, float]) -> Arrays:
        """What the device makes of inputs when it takes them in."""
        match self._precision:
            case precision.FULL:
                return lambda inputs: inputs
            case precision.INT8:
                return lambda inputs: int8.inputs_of(inputs, peaks)
        return lambda inputs: precision.stored(inputs, self._precision)

    def _peaks_for(self, bundle: Bundle) -> Mapping[str, float]:
        """The calibration of a network; a node of it that runs alone has that of its network."""
        if is_part(bundle):
            return self._peaks.get(bundle.manifest.identity, {})
        peaks = self._peaks[bundle.manifest.identity] = int8.peaks_of(bundle)
        return peaks

    def _faults_for(self, bundle: Bundle) -> Faults:
        """A node that runs alone is struck where it is struck in its network, which was loaded before it."""
        if is_canary(bundle):
            return self._faults.of_the_unit().placed(bundle)
        if is_part(bundle):
            return self._placed.get(bundle.manifest.identity, self._faults.placed(bundle)).within(bundle)
        placed = self._placed[bundle.manifest.identity] = self._faults.placed(bundle)
        return placed


@cache
def _code() -> str:
    """Hash of the code that computes and rounds: the simulated device has no version but the repository's."""
    hashed = hashlib.sha256()
    for package in (ops, runtime, profiles):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for module in (bfloat16, strikes):  # how bfloat16 rounds, and behind which values a rounding is put
        hashed.update(Path(inspect.getfile(module)).read_bytes() + b"\0")
    return hashed.hexdigest()[:16]
