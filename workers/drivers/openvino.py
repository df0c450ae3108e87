"""OpenVINO on the CPU: the bundle as an ONNX model, in float32 or in the low precision that the processor has."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# Importing OpenVINO tells its maker so over the network and leaves a number in the home folder, unless this is not to be found.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as ov  # noqa: E402

from mcore.platform import onnx as to_onnx  # noqa: E402
from mcore.platform.bundle import Bundle  # noqa: E402
from mcore.platform.graph import Graph  # noqa: E402
from workers.driver import DeviceLost, DeviceOutOfMemory, LoadRejected  # noqa: E402
from workers.drivers import check_keys, check_threads  # noqa: E402
from workers.drivers.onnx_models import Lacking, OpenModels  # noqa: E402

_CPU = "CPU"
#: The name of a precision by the profile's.
_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
#: How it says that memory is full: all that it raises is a ``RuntimeError``.
_FULL = ("bad_alloc", "bad allocation", "out of memory", "Failed to allocate", "not enough memory")


class OpenVinoSession:
    """A network in OpenVINO: one model for all sizes of a graph, or one for each size where it has to be so."""

    def __init__(self, driver: OpenVinoDriver, graphs: Sequence[Graph], weights: Mapping[str, np.ndarray]) -> None:
        self._models = OpenModels(driver.request, graphs, weights)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name; a size that needs a model of its own gets it on its first run."""
        request, names = self._models.taking(inputs)
        with _errors("OpenVINO does not run it"):
            request.infer({name: np.asarray(value, order="C") for name, value in inputs.items()}, share_inputs=False)
            return {name: np.array(request.get_output_tensor(i).data) for i, name in enumerate(names)}

    def close(self) -> None:
        """Forget the models."""
        self._models.close()


class OpenVinoDriver:
    """The driver of OpenVINO's CPU device.

    Profile: ``precision`` (float32; bfloat16 or float16 where the processor has it), ``threads`` (1). Raises ``DeviceLost`` for
    a precision that OpenVINO would not compute in here: it takes another one without a word.
    """

    def __init__(self, profile: Mapping[str, Any]) -> None:
        check_keys(profile, ("precision", "threads"))
        self._threads = check_threads(profile)
        self._precision = profile.get("precision", "float32")
        if self._precision not in _HINTS:
            raise ValueError(f"precision: must be {', '.join(_HINTS)}, not {self._precision!r}")
        self._core = ov.Core()
        self._core.set_property(
            _CPU,
            {
                "INFERENCE_PRECISION_HINT": _HINTS[self._precision],
                "INFERENCE_NUM_THREADS": self._threads,
                "NUM_STREAMS": 1,
            },
        )
        taken = self._core.get_property(_CPU, "INFERENCE_PRECISION_HINT").to_string()
        if taken != _HINTS[self._precision]:
            raise DeviceLost(f"profile.precision: {self._precision}: OpenVINO computes in {taken} on this processor")
        self._lacking = Lacking(self._refuses)

    def fingerprint(self) -> Mapping[str, str]:
        """The runtime, the processor with what OpenVINO can do on it, and the writer's operator set."""
        return {
            "driver": "openvino",
            "openvino": ov.__version__,
            "processor": self._core.get_property(_CPU, "FULL_DEVICE_NAME"),
            "capabilities": ", ".join(sorted(self._core.get_property(_CPU, "OPTIMIZATION_CAPABILITIES"))),
            "opset": str(to_onnx.OPSET),
            "precision": self._precision,
        }

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """Ops that ONNX has no form for, and those that OpenVINO's reader refuses; what it reads its CPU device has."""
        return self._lacking.of(graph)

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> OpenVinoSession:
        """Write the network as an ONNX model and compile it."""
        graphs = bundle.graphs if fetch is None else bundle.fetching(fetch)
        return OpenVinoSession(self, graphs, bundle.weights)

    def request(self, model: bytes) -> ov.InferRequest:
        """Compile a model; what runs it."""
        with _errors("OpenVINO does not load it"):
            return self._core.compile_model(self._core.read_model(model), _CPU).create_infer_request()

    def _refuses(self, model: bytes) -> str:
        """Without asking the CPU device, which takes the memory of a run for that, at whatever size the node was tried."""
        try:
            self._core.read_model(model)
        except RuntimeError as error:
            return "" if _is_full(error) else _said(error)
        return ""


@contextlib.contextmanager
def _errors(what: str) -> Iterator[None]:
    """OpenVINO's errors as the protocol has them."""
    try:
        yield
    except RuntimeError as error:
        if _is_full(error):
            raise DeviceOutOfMemory(_said(error)) from error
        raise LoadRejected(f"{what}: {_said(error)}") from error


def _is_full(error: Exception) -> bool:
    return any(sign in str(error) for sign in _FULL)


def _said(error: Exception) -> str:
    """The lines that say what is wrong, as one: those before them are places in its own source."""
    lines = [line.strip() for line in str(error).splitlines()]
    return "; ".join(line for line in lines if line and not line.startswith("Exception from ")) or "no reason given"
