"""What a small device refuses: ops beyond its limits before it runs, sizes beyond its memory or of a wrong width then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcore.platform.graph import Graph, Node, TensorType, is_weight
from mcore.platform.ops import registry
from workers.driver import DeviceOutOfMemory, LoadRejected

_KEYS = ("max_kernel", "channels_multiple_of", "max_rank")
Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


@dataclass(frozen=True, slots=True)
class OpLimits:
    """Of each op by name: the largest kernel, what its channels must be a multiple of, the largest rank of its inputs."""

    of_op: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, given: Any) -> OpLimits:
        """Read ``op_limits`` of a profile; raises ``ValueError`` for an op or a limit that does not exist."""
        if not isinstance(given, Mapping):
            raise ValueError(f"op_limits: must be a mapping of op to limits, not {given!r}")
        for op, limits in given.items():
            if op not in registry.names():
                raise ValueError(f"op_limits: no op {op!r}")
            if not isinstance(limits, Mapping):
                raise ValueError(f"op_limits: {op} needs a mapping of limits, not {limits!r}")
            for key, value in limits.items():
                if key not in _KEYS:
                    raise ValueError(f"op_limits: {op} has no limit {key!r}; there are {', '.join(_KEYS)}")
                if type(value) is not int or value < 1:
                    raise ValueError(f"op_limits: {key} of {op} must be a number from 1 on, not {value!r}")
        return cls(given)

    def beyond(self, graph: Graph) -> list[str]:
        """What of ``graph`` is beyond them: ``conv2d: kernel larger than 7``, each once."""
        found = [what for node in graph.nodes for what in self._of_node(graph, node)]
        return list(dict.fromkeys(found))

    def _of_node(self, graph: Graph, node: Node) -> list[str]:
        limits, types = self.of_op.get(node.op, {}), _types(graph, node.inputs)
        found = []
        if "max_kernel" in limits and max(_kernel(node, types), default=0) > limits["max_kernel"]:
            found.append(f"{node.op}: kernel larger than {limits['max_kernel']}")
        every = limits.get("channels_multiple_of", 1)
        if any(isinstance(channels, int) and channels % every for channels in _channels(graph, node)):
            found.append(f"{node.op}: channels that are no multiple of {every}")
        if "max_rank" in limits and any(len(t.shape) > limits["max_rank"] for t in types):
            found.append(f"{node.op}: rank above {limits['max_rank']}")
        return found


def memory_needed(graph: Graph, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Bytes that a frugal device needs at these input shapes: the weights, and what the largest node reads and makes."""
    symbols = graph.bind(shapes)

    def size(kind: TensorType) -> int:
        return int(np.prod(kind.concrete(symbols), dtype=np.int64)) * kind.dtype.numpy.itemsize

    def at(node: Node) -> int:
        names = {i for i in node.inputs if i is not None and not is_weight(i)} | set(node.outputs)
        return sum(size(graph.types[name]) for name in names)

    return sum(map(size, graph.weights.values())) + max(map(at, graph.nodes), default=0)


def check_memory(graph: Graph, shapes: Mapping[str, tuple[int, ...]], memory_mib: float | None) -> None:
    """Raise ``DeviceOutOfMemory`` where the device has less memory than it needs."""
    if memory_mib is not None and (needed := memory_needed(graph, shapes)) > memory_mib * 2**20:
        raise DeviceOutOfMemory(f"{needed / 2**20:.2f} MiB are needed, the device has {memory_mib:g}")


def check_width(shapes: Mapping[str, tuple[int, ...]], every: int | None) -> None:
    """Raise ``LoadRejected`` where the width of an image is no multiple of what the device asks for."""
    for name, shape in shapes.items():
        if every is not None and len(shape) == 4 and shape[3] % every:
            raise LoadRejected(f"{name} is {shape[3]} wide, which is no multiple of {every}")


def slowed(run: Run, speed: float) -> Run:
    """``run`` on a device that is ``speed`` times as quick as this machine, at most as quick."""
    if speed == 1:
        return run

    def slow(inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        started = time.perf_counter()
        outputs = run(inputs)
        time.sleep((time.perf_counter() - started) * (1 / speed - 1))
        return outputs

    return slow


def positive(profile: Mapping[str, Any], key: str, most: float = float("inf")) -> float | None:
    """The number under ``key``, ``None`` where it is left out; raises ``ValueError`` unless it is above 0, ``most`` at most."""
    if (value := profile.get(key)) is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= most:
        bound = f", {most:g} at most" if most < float("inf") else ""
        raise ValueError(f"{key}: must be a number above 0{bound}, not {value!r}")
    return float(value)


def whole(profile: Mapping[str, Any], key: str) -> int | None:
    """The number under ``key``, ``None`` where it is left out; raises ``ValueError`` unless it is whole, and 1 at least."""
    if (value := profile.get(key)) is not None and (type(value) is not int or value < 1):
        raise ValueError(f"{key}: must be a whole number from 1 on, not {value!r}")
    return value


def _types(graph: Graph, names: Iterable[str | None]) -> list[TensorType]:
    """Types of the values and weights that are there."""
    return [kind for name in names if name is not None and (kind := graph.type_of(name)) is not None]


def _kernel(node: Node, types: Sequence[TensorType]) -> list[int]:
    if node.op.startswith("conv") and len(types) > 1:
        return [size for size in types[1].shape[2:] if isinstance(size, int)]
    given = node.attributes.get("kernel_size", ())
    return [size for size in (given if isinstance(given, tuple | list) else (given,)) if isinstance(size, int)]


def _channels(graph: Graph, node: Node) -> list[Any]:
    ends = (*node.inputs[:1], node.outputs[0])
    return [kind.shape[1] for kind in _types(graph, ends) if len(kind.shape) > 1]
