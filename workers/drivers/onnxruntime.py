"""ONNX Runtime: the bundle as an ONNX model, on the CPU or any execution provider of the host's build."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime as ort

from mcore.platform import onnx as to_onnx
from mcore.platform.bundle import Bundle
from mcore.platform.graph import Graph
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected, Placement
from workers.drivers import check_keys, check_threads
from workers.drivers.onnx_models import Lacking, OpenModels

_CPU = "CPUExecutionProvider"
_LEVELS = {
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}
#: What ONNX Runtime raises has types of its own by its status codes; their common base is nothing but ``Exception``.
_ERRORS = tuple(
    kind
    for kind in vars(ort.capi.onnxruntime_pybind11_state).values()
    if isinstance(kind, type) and issubclass(kind, Exception)
)
_NOT_IMPLEMENTED = ort.capi.onnxruntime_pybind11_state.NotImplemented
#: How it says that memory is full: it has no status code for that.
_FULL = ("Failed to allocate memory", "bad_alloc", "bad allocation", "out of memory", "OutOfMemory")

#: Whether this build says which execution provider each operator went to.
_TELLS = hasattr(ort.InferenceSession, "get_provider_graph_assignment_info")

Provider = tuple[str, dict[str, str]]


class OnnxRuntimeSession:
    """A network in ONNX Runtime: one model for all sizes of a graph, or one for each size where it has to be so."""

    def __init__(self, driver: OnnxRuntimeDriver, graphs: Sequence[Graph], weights: Mapping[str, np.ndarray]) -> None:
        self._driver = driver
        self._models = OpenModels(driver.session, graphs, weights)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name; a size that needs a model of its own gets it on its first run."""
        session, names = self._models.taking(inputs)
        given = {name: np.asarray(value, order="C") for name, value in inputs.items()}
        with _errors("ONNX Runtime does not run it"):
            outputs = session.run(None, given)
        return {name: np.asarray(value) for name, value in zip(names, outputs, strict=True)}

    def placement(self) -> Placement | None:
        """Where ONNX Runtime put its operators, of the models that are open."""
        return self._driver.placement(self._models.opened())

    def close(self) -> None:
        """Forget the models."""
        self._models.close()


class OnnxRuntimeDriver:
    """The driver of ONNX Runtime.

    Profile: ``providers`` (execution providers in the order of preference, each a name or ``{name: options}``; the CPU's own by
    default), ``threads`` (of one operator; 1), ``optimization`` (all, basic or none), ``precision`` (float32, what networks are
    written in; what a provider makes of it is its own matter). Raises ``DeviceLost`` for a provider that this host's build of
    ONNX Runtime does not have.
    """

    def __init__(self, profile: Mapping[str, Any]) -> None:
        check_keys(profile, ("providers", "threads", "optimization", "precision"))
        self._providers = _providers(profile.get("providers", [_CPU]))
        self._threads = check_threads(profile)
        self._level = profile.get("optimization", "all")
        if self._level not in _LEVELS:
            raise ValueError(f"optimization: must be {', '.join(_LEVELS)}, not {self._level!r}")
        if (precision := profile.get("precision", "float32")) != "float32":
            raise ValueError(f"precision: this driver is given networks in float32, not in {precision!r}")
        self._lacking = Lacking(self._refuses)
        present = ort.get_available_providers()
        for name, _ in self._providers:
            if name not in present:
                raise DeviceLost(f"profile.providers: {name}: this host's ONNX Runtime has {', '.join(present)}")
        if not _TELLS and any(name != _CPU for name, _ in self._providers):
            raise DeviceLost(
                f"ONNX Runtime {ort.__version__} does not say which operators fell back: a newer one is needed"
            )

    def fingerprint(self) -> Mapping[str, str]:
        """The runtime, the providers with their options, and the writer's operator set."""
        return {
            "driver": "onnxruntime",
            "onnxruntime": ort.__version__,
            "device": ort.get_device(),
            "providers": ", ".join(_told(name, options) for name, options in self._providers),
            "opset": str(to_onnx.OPSET),
            "optimization": self._level,
            "precision": "float32",
        }

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """Ops that ONNX has no form for, and those whose operators ONNX Runtime does not implement for their types.

        Each distinct node is loaded by itself, at a size that the graph admits.
        """
        return self._lacking.of(graph)

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> OnnxRuntimeSession:
        """Write the network as an ONNX model and open it."""
        graphs = bundle.graphs if fetch is None else bundle.fetching(fetch)
        return OnnxRuntimeSession(self, graphs, bundle.weights)

    def session(self, model: bytes) -> ort.InferenceSession:
        """Open a model on the profile's providers."""
        with _errors("ONNX Runtime does not load it"):
            return self._opened(model)

    def _opened(self, model: bytes) -> ort.InferenceSession:
        return ort.InferenceSession(model, self._options, providers=list(self._providers))

    def placement(self, sessions: Sequence[ort.InferenceSession]) -> Placement | None:
        """How many operators went to the providers of the profile, and which fell back to the CPU.

        ``None`` where this ONNX Runtime does not tell, which only a profile of the CPU's own provider is good for: there
        nothing can fall back.
        """
        if not _TELLS:
            return None
        wanted = {name for name, _ in self._providers}
        accelerated, fallen = 0, []
        for session in sessions:
            for part in session.get_provider_graph_assignment_info():
                kinds = [node.op_type for node in part.get_nodes()]
                if part.ep_name in wanted:
                    accelerated += len(kinds)
                else:
                    fallen += kinds
        return Placement(accelerated, tuple(fallen))

    @cached_property
    def _options(self) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.graph_optimization_level = _LEVELS[self._level]
        options.log_severity_level = 3
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        return options

    def _refuses(self, model: bytes) -> str:
        try:
            self._opened(model)
        except _NOT_IMPLEMENTED as error:
            return _first_line(error)
        except _ERRORS:
            pass  # what is wrong but for that is the whole network's to say, when it is loaded
        return ""


@contextlib.contextmanager
def _errors(what: str) -> Iterator[None]:
    """ONNX Runtime's errors as the protocol has them."""
    try:
        yield
    except _ERRORS as error:
        text = str(error)
        if any(sign in text for sign in _FULL):
            raise DeviceOutOfMemory(_first_line(error)) from error
        raise LoadRejected(f"{what}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """The error without the status code in front of it."""
    first, *_ = str(error).splitlines() or [type(error).__name__]
    return first.rpartition("[ONNXRuntimeError] : ")[2]


def _providers(given: Any) -> list[Provider]:
    if not isinstance(given, list | tuple) or not given:
        raise ValueError("providers: must be a list of execution providers")
    found: list[Provider] = []
    for entry in given:
        name, options = (entry, {}) if isinstance(entry, str) else _with_options(entry)
        found.append((name, {str(key): str(value) for key, value in options.items()}))
    return found


def _with_options(entry: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise ValueError(f"providers: each is a name or {{name: options}}, not {entry!r}")
    ((name, options),) = entry.items()
    if not isinstance(options, Mapping):
        raise ValueError(f"providers: the options of {name} must be a mapping, not {options!r}")
    return str(name), options


def _told(name: str, options: Mapping[str, str]) -> str:
    return name + "".join(f" {key}={value}" for key, value in sorted(options.items()))
