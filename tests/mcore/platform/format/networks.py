"""Small networks, and random ones, for the tests of the format."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mcore.platform import ops  # noqa: F401  (fills the registry)
from mcore.platform.bundle import Manifest, Sample, digest
from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.format import write_bundle
from mcore.platform.graph import Graph, Guard, Node, Symbol, TensorType
from mcore.platform.ops import registry

N, H, W = symbol("N"), symbol("H"), symbol("W")
SIZES = ((1, 8, 8), (2, 8, 12), (1, 9, 11))


class Builder:
    """Builds a graph node by node; types come from the ops' own rules."""

    def __init__(self, channels: int = 3) -> None:
        self.inputs = {"x": TensorType(DType.FLOAT32, (N, channels, H, W))}
        self.types = dict(self.inputs)
        self.weights: dict[str, TensorType] = {}
        self.nodes: list[Node] = []

    def weight(self, name: str, *shape: int, dtype: DType = DType.FLOAT32) -> str:
        self.weights[name] = TensorType(dtype, shape)
        return f"@{name}"

    def node(self, op: str, *inputs: str | None, module: str = "", source: str = "", **attributes: Any) -> str:
        (name,) = self.node_of_many(op, *inputs, module=module, source=source, **attributes)
        return name

    def node_of_many(
        self, op: str, *inputs: str | None, module: str = "", source: str = "", **attributes: Any
    ) -> tuple[str, ...]:
        kinds = [None if i is None else self.weights[i[1:]] if i[0] == "@" else self.types[i] for i in inputs]
        made = registry.get(op).types(kinds, attributes)
        name = f"v{len(self.nodes)}"
        names = (name,) if len(made) == 1 else tuple(f"{name}.{i}" for i in range(len(made)))
        self.types.update(zip(names, made, strict=True))
        self.nodes.append(Node(op, inputs, names, attributes, module, source))
        return names

    def graph(
        self, *, guards: tuple[Guard, ...] = (), metadata: Mapping[str, Any] | None = None, **outputs: str
    ) -> Graph:
        return Graph(
            inputs=self.inputs,
            outputs=outputs,
            nodes=tuple(self.nodes),
            weights=self.weights,
            types=self.types,
            symbols={"N": Symbol("N", 1, 64), "H": Symbol("H", 4, 512), "W": Symbol("W", 4, 512)},
            guards=guards,
            metadata=metadata or {},
        )


def small_graph() -> Graph:
    """Two convolutions, an activation and a sum; two outputs, a guard, a source map."""
    b = Builder()
    kernel, bias = b.weight("stem.weight", 4, 3, 3, 3), b.weight("stem.bias", 4)
    v = b.node("conv2d", "x", kernel, bias, module="stem", source="Conv2d", stride=2, padding=1)
    v = b.node("relu", v, module="act", source="ReLU")
    w = b.node("conv2d", v, b.weight("body.weight", 4, 4, 3, 3), None, module="body", source="Conv2d", padding=1)
    out = b.node("add", v, w, source="Net")
    guard = Guard(">", H, 3, "stem (models/networks/net.py:12)")
    return b.graph(guards=(guard,), metadata={"channels": [4, 4], "strides": 2}, out=out, skip=v)


def rich_graph() -> Graph:
    """Several inputs and outputs, ops with several results, sizes as attributes, guards, other element types, aliases."""
    b = Builder()
    b.inputs["ids"] = b.types["ids"] = TensorType(DType.INT64, (N, 5))
    b.inputs["scale"] = b.types["scale"] = TensorType(DType.FLOAT32, (1, 3, 2 * H, W))
    v = b.node("pad", "x", pad=(1, 1, H % 2, 0), module="stem", source="Pad")
    v = b.node("max_pool2d", v, kernel_size=3, stride=2, ceil_mode=True, module="stem.pool", source="MaxPool2d")
    w = b.node("interpolate", v, size=(H, W), mode="bilinear", align_corners=False, module="up", source="Upsample")
    w = b.node("add", w, "x", module="up")
    first, second = b.node_of_many("chunk", w, chunks=2, dim=3, module="split", source="Split")
    e = b.node("embedding", "ids", b.weight("table", 7, 3), module="embed", source="Embedding")
    e = b.node("reshape", e, shape=(N, -1), module="embed")
    mean = b.node("mean", second, dim=(2, 3), module="head")
    logits = b.node("cat", mean, e, dim=1, module="head")
    best = b.node("argmax", logits, dim=1, module="head")
    half = b.node("cast", first, dtype="float16", module="head")
    top = b.node("interpolate", "scale", scale_factor=0.5, module="head")
    b.weight("mask", 2, 2, dtype=DType.BOOL)
    guards = (Guard(">=", H // 2 * W, 8, "stem (net.py:3)"), Guard("!=", (H - 1) % W, N + 4096, "up (net.py:9)"))
    metadata = {"aliases": {"tied.weight": "table"}, "form": ["logits", {"maps": [0, 1]}], "unit": 1}
    outputs = {"logits": logits, "best": best, "maps.0": half, "maps.1": top, "again": logits, "input": "x"}
    return b.graph(guards=guards, metadata=metadata, **outputs)


def weights_of(graph: Graph, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {n: rng.standard_normal(k.shape).astype(k.dtype.numpy) for n, k in graph.weights.items()}


def sample_of(graph: Graph, batch: int, height: int, width: int, seed: int = 0) -> Sample:
    """A sample of the right types; its values are random, not what the graph computes."""
    rng = np.random.default_rng(seed)
    symbols = {"N": batch, "H": height, "W": width}

    def random(kind: TensorType) -> np.ndarray:
        if not kind.dtype.is_floating:
            return rng.integers(0, 2, kind.concrete(symbols)).astype(kind.dtype.numpy)
        return rng.standard_normal(kind.concrete(symbols)).astype(kind.dtype.numpy)

    outputs = {name: random(graph.types[value]) for name, value in graph.outputs.items()}
    return Sample(
        name=f"{height}x{width}",
        inputs={name: random(kind) for name, kind in graph.inputs.items()},
        outputs=outputs,
        digests={name: digest(rng.standard_normal(7)) for node in graph.nodes for name in node.outputs},
        sensitivity=dict.fromkeys(outputs, 0.25),
        noise_floor=dict.fromkeys(outputs, 3.1e-7),
    )


def samples_of(graph: Graph) -> list[Sample]:
    return [sample_of(graph, *size, seed=i) for i, size in enumerate(SIZES)]


def small_bundle(folder: Path, **fields: Any) -> Manifest:
    """A whole bundle in ``folder``."""
    return _bundle(folder, small_graph(), fields)


def rich_bundle(folder: Path, **fields: Any) -> Manifest:
    """A whole bundle of :func:`rich_graph` in ``folder``."""
    return _bundle(folder, rich_graph(), {"architecture": "rich", **fields})


def _bundle(folder: Path, graph: Graph, fields: Mapping[str, Any]) -> Manifest:
    defaults: dict[str, Any] = {
        "architecture": "net",
        "kind": "network",
        "constructor": {"target": "models.networks:net", "parameters": {"width": 1.5}},
        "parts": {"network": "Net"},
        "layers": ("Conv2d", "ReLU"),
        "toolchain": {"torch": "2.13.0"},
        "commit": "c" * 40,
        "closure": "d" * 64,
        "passed": {"cpu": ("a" * 40,)},
        "report": {"seconds": 0.5},
    }
    return write_bundle(
        folder, graph=graph, weights=weights_of(graph), samples=samples_of(graph), **{**defaults, **fields}
    )


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs of up to eight simple nodes, each of which keeps the number of dimensions."""
    b = Builder(channels=draw(st.integers(1, 4)))
    values = ["x"]
    for index in range(draw(st.integers(1, 8))):
        value = draw(st.sampled_from(values))
        kind = draw(st.sampled_from(["conv2d", "relu", "leaky_relu", "add", "max_pool2d"]))
        module = draw(st.sampled_from(["", "body", f"layers.{index}", "größe"]))
        if kind == "conv2d":
            channels, out = b.types[value].shape[1], draw(st.integers(1, 4))
            size, stride, dilation = (draw(st.integers(1, 3)) for _ in range(3))
            name = b.weight(f"w{index}.weight", out, channels, size, size)  # type: ignore[arg-type]
            bias = draw(st.sampled_from([None, b.weight(f"w{index}.bias", out)]))
            value = b.node(kind, value, name, bias, module=module, stride=stride, padding=4, dilation=dilation)
        elif kind == "add":
            other = draw(
                st.one_of(st.integers(-(2**40), 2**40), st.floats(allow_nan=False), st.booleans(), st.just(H // 2))
            )
            value = b.node(kind, value, module=module, other=other)
        elif kind == "leaky_relu":
            slope = draw(st.floats(allow_nan=False))
            value = b.node(kind, value, module=module, negative_slope=slope)
        elif kind == "max_pool2d":
            value = b.node(kind, value, module=module, kernel_size=2, stride=1, padding=1)
        else:
            value = b.node(kind, value, module=module)
        values.append(value)
    guard = Guard(draw(st.sampled_from(["==", "<", ">="])), H % draw(st.integers(2, 9)), W * W // 7, "a line")
    metadata = draw(
        st.dictionaries(st.text(max_size=5), st.none() | st.integers(-(2**60), 2**60) | st.text(max_size=5))
    )
    return b.graph(guards=(guard,), metadata=metadata, out=values[-1], first=values[0])


def renamer(graph: Graph, module: str) -> Callable[[str], str]:
    """New names for the values that nodes define; those of inputs and weights are the network's own."""
    values = {name for node in graph.nodes for name in node.outputs}
    return lambda name: f"{module}.{name}" if name in values else name


def moved(graph: Graph, module: str, source: str, line: int) -> Graph:
    """The same computation, written elsewhere in the model's code."""
    new = renamer(graph, module)
    nodes = tuple(
        replace(
            node,
            inputs=tuple(name if name is None else new(name) for name in node.inputs),
            outputs=tuple(map(new, node.outputs)),
            module=f"{module}{index}",
            source=source,
        )
        for index, node in enumerate(graph.nodes)
    )
    return replace(
        graph,
        nodes=nodes,
        types={new(name): kind for name, kind in graph.types.items()},
        outputs={name: new(value) for name, value in graph.outputs.items()},
        guards=tuple(replace(guard, source=f"{module} (net.py:{line + i})") for i, guard in enumerate(graph.guards)),
    )
