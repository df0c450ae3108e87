"""Small networks drawn from a seed: branches that part and join, skips, pools and products; no torch, no model code.

Every value leads to an output, so that no fault can hide where nothing looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import mcore.platform.ops  # noqa: F401  (fills the registry)
from mcore.platform.bundle import Bundle, Identity, Manifest, Sample, digest
from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.figures import figures
from mcore.platform.format import write_bundle
from mcore.platform.graph import Graph, Node, Symbol, TensorType
from mcore.platform.ops import registry
from mcore.platform.runtime import Mode, Program

#: Batch, height, width: plain, wide with a batch of two, odd.
SIZES = ((1, 16, 16), (2, 12, 20), (1, 13, 17))
#: Least change of an output for another input; a network that is drawn with less is drawn again.
_SENSITIVITY = 0.1
_ACTIVATIONS = ("relu", "sigmoid", "tanh", "silu", "hardswish")
_SYMBOLS = {"N": Symbol("N", 1, 16), "H": Symbol("H", 4, 256), "W": Symbol("W", 4, 256)}


@dataclass(frozen=True, slots=True)
class Network:
    """A graph with weights and samples, by name."""

    name: str
    graph: Graph
    weights: Mapping[str, np.ndarray]
    samples: tuple[Sample, ...]

    def bundle(self) -> Bundle:
        """As a value without files: its identity is empty."""
        manifest = Manifest(self.name, "network", Identity("", "", ""), {}, {})
        return Bundle(manifest, (self.graph,), self.weights, self.samples)

    def write(self, folder: Path) -> str:
        """As a bundle's folder; returns its identity."""
        manifest = write_bundle(
            folder,
            graph=self.graph,
            weights=self.weights,
            samples=self.samples,
            architecture=self.name,
            kind="network",
        )
        return str(manifest.identity)


def drawn(seed: int, *, nodes: int = 16) -> Network:
    """The network of ``seed`` with about ``nodes`` operations; the same seed gives the same network, bit by bit."""
    for trial in count():
        network = _drawn(seed, trial, nodes)
        if all(moved >= _SENSITIVITY for sample in network.samples for moved in sample.sensitivity.values()):
            return network
    raise AssertionError


def _drawn(seed: int, trial: int, nodes: int) -> Network:
    draft = _Draft(seed, trial)
    while len(draft.nodes) < nodes:
        draft.grow()
    graph = draft.finished()
    samples = tuple(_sample(graph, draft.weights, size, seed + i) for i, size in enumerate(SIZES))
    return Network(f"selftest_{seed}", graph, draft.weights, samples)


class _Draft:
    """A graph in the making. ``ends`` are the values that nothing reads yet."""

    def __init__(self, seed: int, trial: int) -> None:
        self._random = np.random.default_rng((seed, trial))
        self.nodes: list[Node] = []
        self.weights: dict[str, np.ndarray] = {}
        shape = (symbol("N"), 3, symbol("H"), symbol("W"))
        self.types = {"x": TensorType(DType.FLOAT32, shape)}
        self.ends: list[str] = []
        self._conv("x", 6)

    def grow(self) -> None:
        """One operation or two more, behind values that may have been read before: so branches part."""
        value = self._any()
        match int(self._random.integers(7)):
            case 0 | 1:
                self._conv(value, int(self._random.integers(3, 9)))
            case 2 | 3:
                self._node(str(self._random.choice(_ACTIVATIONS)), value)
            case 4:
                self._node("cat", value, self._any(), dim=1)
            case 5:  # a skip over a convolution
                self._node("add", value, self._conv(value, self._channels(value)))
            case _:
                self._node("max_pool2d", value, kernel_size=3, stride=1, padding=1)

    def finished(self) -> Graph:
        """All ends joined, a feature map out of them and, by a product, scores."""
        ends = list(self.ends)
        joined = self._node("cat", *ends, dim=1) if len(ends) > 1 else ends[0]
        last = self._conv(joined, 4)
        pooled = self._node("adaptive_max_pool2d", joined, output_size=(2, 2))
        flat = self._node("flatten", pooled, start_dim=1)
        scores = self._node("linear", flat, self._weight("head", 5, 4 * self._channels(joined)), module="head")
        return Graph(
            inputs={"x": self.types["x"]},
            outputs={"map": last, "scores": scores},
            nodes=tuple(self.nodes),
            weights={name: TensorType(DType.FLOAT32, value.shape) for name, value in self.weights.items()},
            types=self.types,
            symbols=_SYMBOLS,
        )

    def _conv(self, value: str, out: int) -> str:
        module = f"layers.{len(self.nodes)}"
        size = int(self._random.choice((1, 3)))
        weight = self._weight(module, out, self._channels(value), size, size)
        return self._node("conv2d", value, weight, module=module, padding=size // 2)

    def _node(self, op: str, *inputs: str, module: str = "", **attributes: Any) -> str:
        kinds = [TensorType(DType.FLOAT32, self.weights[i[1:]].shape) if i[0] == "@" else self.types[i] for i in inputs]
        name = f"v{len(self.nodes)}"
        (self.types[name],) = registry.get(op).types(kinds, attributes)
        module = module or f"layers.{len(self.nodes)}"
        self.nodes.append(Node(op, inputs, (name,), attributes, module, op.title()))
        self.ends = [end for end in self.ends if end not in inputs] + [name]
        return name

    def _weight(self, module: str, *shape: int) -> str:
        drawn = self._random.standard_normal(shape) * (2.0 / int(np.prod(shape[1:]))) ** 0.5
        self.weights[f"{module}.weight"] = drawn.astype(np.float32)
        return f"@{module}.weight"

    def _any(self) -> str:
        """A value, most often one that nothing reads yet."""
        made = [name for name in self.types if name != "x"]
        return str(self._random.choice(self.ends if self._random.random() < 0.7 else made))

    def _channels(self, value: str) -> int:
        channels = self.types[value].shape[1]
        assert isinstance(channels, int)
        return channels


def _sample(graph: Graph, weights: Mapping[str, np.ndarray], size: tuple[int, int, int], seed: int) -> Sample:
    """Golden values of the plain kernels, digests of every value, and how far another input moves the outputs."""
    inputs, others = (_inputs(size, s) for s in (seed, seed + 1000))
    values, moved = (_plainly(graph, weights, given) for given in (inputs, others))
    outputs = {name: values[value] for name, value in graph.outputs.items()}
    return Sample(
        name=f"{size[1]}x{size[2]}",
        inputs=inputs,
        outputs=outputs,
        digests={name: digest(value) for name, value in values.items()},
        sensitivity={n: figures(moved[graph.outputs[n]], out).max_rel_error for n, out in outputs.items()},
        noise_floor=dict.fromkeys(outputs, 1e-7),
    )


def _inputs(size: tuple[int, int, int], seed: int) -> dict[str, np.ndarray]:
    batch, height, width = size
    return {"x": np.random.default_rng(seed).standard_normal((batch, 3, height, width)).astype(np.float32)}


def _plainly(
    graph: Graph, weights: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    every = graph.fetching([name for node in graph.nodes for name in node.outputs])
    shapes = {name: value.shape for name, value in inputs.items()}
    return Program(every, weights, shapes, mode=Mode.REFERENCE).run(inputs)
