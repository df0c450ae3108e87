"""Small networks by hand, with golden outputs by the plain kernels: bundles that workers replay in a few milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from mcore.platform.runtime import Program

N, H, W = symbol("N"), symbol("H"), symbol("W")
#: Batch, height, width: plain, wide with a batch of two, odd.
SIZES = ((1, 16, 16), (2, 12, 20), (1, 13, 17))


@dataclass(frozen=True)
class Network:
    """A graph with weights and samples, not on disk yet."""

    graph: Graph
    weights: Mapping[str, np.ndarray]
    samples: tuple[Sample, ...]

    def bundle(self, architecture: str = "tiny") -> Bundle:
        """As a value, for tests without files; the identity is made up."""
        identity = Identity("a" * 64, "b" * 64, "c" * 64)
        return Bundle(Manifest(architecture, "network", identity, {}, {}), (self.graph,), self.weights, self.samples)

    def write(self, folder: Path, architecture: str = "tiny") -> str:
        """As a folder; returns the identity."""
        manifest = write_bundle(
            folder,
            graph=self.graph,
            weights=self.weights,
            samples=self.samples,
            architecture=architecture,
            kind="network",
        )
        return str(manifest.identity)


@dataclass
class Draft:
    """A graph in the making; types come from the ops' own rules, weights are drawn."""

    inputs: Mapping[str, int]
    nodes: list[Node] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.types = {n: TensorType(DType.FLOAT32, (N, channels, H, W)) for n, channels in self.inputs.items()}
        self._random = np.random.default_rng(7)

    def weight(self, module: str, *shape: int) -> str:
        fan_in = int(np.prod(shape[1:])) or 1
        drawn = self._random.standard_normal(shape) * (2.0 / fan_in) ** 0.5
        self.weights[f"{module}.weight"] = drawn.astype(np.float32)
        return f"@{module}.weight"

    def node(self, op: str, *inputs: str, module: str = "", **attributes: Any) -> str:
        kinds = [self._type(name) for name in inputs]
        name = f"v{len(self.nodes)}"
        (self.types[name],) = registry.get(op).types(kinds, attributes)
        self.nodes.append(Node(op, inputs, (name,), attributes, module, op.title()))
        return name

    def conv(self, value: str, out: int, module: str, size: int = 3) -> str:
        channels = self.types[value].shape[1]
        assert isinstance(channels, int)
        return self.node(
            "conv2d", value, self.weight(module, out, channels, size, size), module=module, padding=size // 2
        )

    def network(
        self, sizes: Sequence[tuple[int, int, int]] = SIZES, metadata: Mapping[str, Any] | None = None, **outputs: str
    ) -> Network:
        graph = Graph(
            inputs={name: self.types[name] for name in self.inputs},
            outputs={name.replace("__", "."): value for name, value in outputs.items()},
            nodes=tuple(self.nodes),
            weights={name: TensorType(DType.FLOAT32, array.shape) for name, array in self.weights.items()},
            types=self.types,
            symbols={"N": Symbol("N", 1, 64), "H": Symbol("H", 4, 512), "W": Symbol("W", 4, 512)},
            metadata=metadata or {},
        )
        samples = tuple(make_sample(graph, self.weights, size, seed) for seed, size in enumerate(sizes))
        return Network(graph, self.weights, samples)

    def _type(self, name: str) -> TensorType:
        if name.startswith("@"):
            return TensorType(DType.FLOAT32, self.weights[name[1:]].shape)
        return self.types[name]


def of_one(op: str, **attributes: Any) -> Network:
    """A network of one node on a value of three dimensions."""
    draft = Draft({"x": 3})
    return draft.network(out=draft.node(op, "x", **attributes))


def make_sample(graph: Graph, weights: Mapping[str, np.ndarray], size: tuple[int, int, int], seed: int = 0) -> Sample:
    """Golden values of the plain kernels, digests of every value, and how sensitive the outputs are."""
    _, height, width = size
    values, others = (run_plainly(graph, weights, draw(graph, size, s)) for s in (seed, seed + 1000))
    outputs = {name: values[value] for name, value in graph.outputs.items()}
    return Sample(
        name=f"{height}x{width}",
        inputs=draw(graph, size, seed),
        outputs=outputs,
        digests={name: digest(value) for name, value in values.items()},
        sensitivity={name: figures(others[graph.outputs[name]], out).max_rel_error for name, out in outputs.items()},
        noise_floor=dict.fromkeys(outputs, 1e-7),
    )


def draw(graph: Graph, size: tuple[int, int, int], seed: int) -> dict[str, np.ndarray]:
    """Normal inputs of one size."""
    random, symbols = np.random.default_rng(seed), dict(zip("NHW", size, strict=True))
    return {n: random.standard_normal(t.concrete(symbols)).astype(np.float32) for n, t in graph.inputs.items()}


def run_plainly(
    graph: Graph, weights: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Every value of the graph, by the registry's own kernels."""
    every = graph.fetching([name for node in graph.nodes for name in node.outputs])
    return Program(every, weights, {n: a.shape for n, a in inputs.items()}, mode="reference").run(inputs)


def branched(sizes: Sequence[tuple[int, int, int]] = SIZES, metadata: Mapping[str, Any] | None = None) -> Network:
    """Two branches from one stem, joined before the head; the stem is an output too::

    x ─ conv v0 ─ relu v1 ─┬─ conv v2 ─ sigmoid v3 ─┬─ cat v6 ─ conv v7
                           └─ conv v4 ─ tanh v5 ────┘
    """
    d = Draft({"x": 3})
    stem = d.node("relu", d.conv("x", 6, "stem"), module="stem.act")
    left = d.node("sigmoid", d.conv(stem, 4, "left"), module="left.act")
    right = d.node("tanh", d.conv(stem, 5, "right", size=1), module="right.act")
    joined = d.node("cat", left, right, dim=1)
    return d.network(sizes, metadata, out=d.conv(joined, 3, "head"), stem=stem)


def pyramid() -> Network:
    """A list of two features in, a list of two out."""
    d = Draft({"features.0": 3, "features.1": 5})
    fine, coarse = d.conv("features.0", 4, "fine", size=1), d.conv("features.1", 4, "coarse", size=1)
    merged = d.node("add", fine, coarse)
    return d.network(features__0=d.node("relu", merged), features__1=d.conv(merged, 2, "last"))


def deep(layers: int = 60) -> Network:
    """A chain with many more values than one run of the search for a layer brings back; nothing grows or dies on its way."""
    d = Draft({"x": 4})
    value = "x"
    for index in range(layers):
        value = d.conv(value, 4, f"layers.{index}", size=1)
        weight = d.weights[f"layers.{index}.weight"]
        weight[:] = np.eye(4).reshape(4, 4, 1, 1) + 0.1 * weight
        value = d.node("leaky_relu", value, module=f"layers.{index}.act", negative_slope=0.95)
    return d.network(((1, 4, 4), (2, 4, 6), (1, 5, 7)), out=value)
