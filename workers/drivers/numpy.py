"""The simulated device: the Platform's own NumPy runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.errors import BackendError
from mcore.platform.graph import OPSET, Graph
from mcore.platform.ops import registry
from mcore.platform.runtime import Model, blas
from mcore.platform.runtime.modes import Mode
from workers.canary import is_canary
from workers.drivers import check_keys
from workers.faults import Faults


class NumpySession:
    """A network on the simulated device."""

    def __init__(self, model: Model, faults: Faults) -> None:
        self._model: Model | None = model
        self._run = faults.around(model.run)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name."""
        return self._run(inputs)

    def close(self) -> None:
        """Forget the network and its buffers."""
        self._model, self._run = None, lambda _: {}


class NumpyDriver:
    """Profile: ``mode`` (default, exact, reference), ``missing_ops``, ``faults`` (see :mod:`workers.faults`)."""

    def __init__(self, profile: Mapping[str, Any]) -> None:
        check_keys(profile, ("mode", "missing_ops", "faults"))
        try:
            self._mode = Mode.of(profile.get("mode", Mode.DEFAULT))
        except BackendError as error:
            raise ValueError(f"mode: {error}") from None
        self._missing = frozenset(profile.get("missing_ops", ()))
        if unknown := sorted(self._missing - set(registry.names())):
            raise ValueError(f"missing_ops: no op {unknown[0]!r}")
        self._faults = Faults.of(profile.get("faults", ()))

    def fingerprint(self) -> Mapping[str, str]:
        """The runtime's versions, and the BLAS kernels that shape its rounding."""
        faults = {"faults": " ".join(sorted(self._faults.names))} if self._faults.names else {}
        return {
            "driver": "numpy",
            "opset": str(OPSET),
            "farm": version("device-farm"),
            "numpy": np.__version__,
            "blas": blas.current().core or "unknown",
            "mode": self._mode.value,
            "precision": "float32",
            **faults,
        }

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """The ops of the graph that the profile takes away."""
        return sorted({node.op for node in graph.nodes} & self._missing)

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> NumpySession:
        """Plan nothing yet: each input size is planned on its first run."""
        faults = self._faults.sparing_the_canary() if is_canary(bundle) else self._faults
        faults.check_load()
        graph = bundle.graph if fetch is None else bundle.graph.fetching(fetch)
        return NumpySession(Model(graph, bundle.weights, mode=self._mode, kernels=faults.kernels()), faults)
