"""Torch as a device: the bundle rebuilt as a torch module, on the CPU or on CUDA."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from mcore.convert.arguments import groups
from mcore.convert.rebuild import Rebuilt
from mcore.platform.bundle import Bundle
from mcore.platform.graph import Graph
from workers.driver import DeviceLost, DeviceOutOfMemory
from workers.drivers import check_keys


class TorchSession:
    """A network on a torch device; ``inputs`` are the names of its inputs, in order."""

    def __init__(self, network: Rebuilt, inputs: Sequence[str], device: torch.device) -> None:
        with _memory_errors():
            self._network: Rebuilt | None = network.to(device)
        self._device = device
        self._groups = groups(list(inputs))

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name, back on the CPU: so the device is done."""
        assert self._network is not None
        with _memory_errors(), torch.inference_mode():
            placed = {name: torch.from_numpy(np.array(value)).to(self._device) for name, value in inputs.items()}
            given = [
                [placed[n] for n in names] if isinstance(names, list) else placed[names]
                for names in self._groups.values()
            ]
            outputs: Mapping[str, torch.Tensor] = self._network(*given)
            return {name: value.cpu().numpy() for name, value in outputs.items()}

    def close(self) -> None:
        """Forget the network."""
        self._network = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


class TorchDriver:
    """The driver of torch's own devices.

    Profile: ``device`` (cpu, cuda, cuda:1 ...), ``precision`` (float32, the only one). Raises ``DeviceLost`` where CUDA is
    asked for and there is none: that is the host's matter, not the network's.
    """

    def __init__(self, profile: Mapping[str, Any]) -> None:
        check_keys(profile, ("device", "precision"))
        name = profile.get("device", "cpu")
        try:
            self._device = torch.device(name)
        except (RuntimeError, TypeError):
            raise ValueError(f"device: {name!r} is no torch device") from None
        if self._device.type not in ("cpu", "cuda"):
            raise ValueError(f"device: {name!r} is neither cpu nor cuda")
        if (precision := profile.get("precision", "float32")) != "float32":
            raise ValueError(f"precision: this driver computes in float32, not in {precision!r}")
        if self._device.type == "cuda" and (self._device.index or 0) >= torch.cuda.device_count():
            count = torch.cuda.device_count()
            has = "no CUDA device" if not count else f"{count} CUDA device{'s' * (count > 1)}, counted from 0"
            raise DeviceLost(f"profile.device: {name}: this host has {has}")
        torch.set_num_threads(1)
        # The default lets a GPU round float32 products to ten bits.
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False

    def fingerprint(self) -> Mapping[str, str]:
        """Torch's version and the device's."""
        cuda = self._device.type == "cuda"
        return {
            "driver": "torch",
            "torch": str(torch.__version__),
            "device": torch.cuda.get_device_name(self._device) if cuda else torch.backends.cpu.get_cpu_capability(),
            "runtime": f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}" if cuda else "CPU",
            "precision": "float32",
        }

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """None: every op has its torch call, which a test of the op set asserts."""
        return ()

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> TorchSession:
        """Rebuild the network; its outputs are named as the graph names them."""
        graphs = bundle.graphs if fetch is None else bundle.fetching(fetch)
        flat = [replace(g, metadata={k: v for k, v in g.metadata.items() if k != "result"}) for g in graphs]
        return TorchSession(Rebuilt(flat, bundle.weights), tuple(graphs[0].inputs), self._device)


@contextlib.contextmanager
def _memory_errors() -> Iterator[None]:
    """Torch's ways to say that memory is full, as one."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DeviceOutOfMemory(str(error)) from error
    except RuntimeError as error:
        # The CPU's allocator raises no type of its own.
        if "can't allocate memory" in str(error):
            raise DeviceOutOfMemory(str(error)) from error
        raise
