"""Graphs by hand, for tests of the runtime."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import mcore.platform.ops  # noqa: F401
from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType
from mcore.platform.graph import WEIGHT_PREFIX, Graph, Guard, Node, Symbol, TensorType
from mcore.platform.ops import registry
from mcore.platform.runtime import Program


@dataclass
class Sketch:
    """A graph in the making: every method returns the name of the value that it made."""

    seed: int = 0
    inputs: dict[str, TensorType] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    types: dict[str, TensorType] = field(default_factory=dict)
    symbols: dict[str, Symbol] = field(default_factory=dict)
    guards: list[Guard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def input(self, name: str, *shape: int | Expr, dtype: DType = DType.FLOAT32) -> str:
        self.inputs[name] = self.types[name] = TensorType(dtype, tuple(shape))
        return name

    def weight(self, array: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = array
        self.types[WEIGHT_PREFIX + name] = TensorType(DType.of(array), array.shape)
        return WEIGHT_PREFIX + name

    def normal(self, *shape: int, scale: float = 1.0) -> str:
        return self.weight((self.random.standard_normal(shape) * scale).astype(np.float32))

    def node(self, op: str, *inputs: str | None, **attributes: Any) -> str:
        return self.nodes_of(op, *inputs, **attributes)[0]

    def nodes_of(self, op: str, *inputs: str | None, **attributes: Any) -> tuple[str, ...]:
        types = registry.get(op).types([None if i is None else self.types[i] for i in inputs], attributes)
        names = tuple(f"v{len(self.nodes)}.{i}" for i in range(len(types)))
        self.nodes.append(Node(op, inputs, names, attributes, module=f"layer{len(self.nodes)}"))
        self.types.update(zip(names, types, strict=True))
        return names

    def conv(
        self, x: str, outputs: int, kernel: Any = 3, *, stride: Any = 1, padding: Any = None, groups: int = 1,
        dilation: Any = 1, bias: bool = True,
    ) -> str:  # fmt: skip
        channels = self.channels(x) // groups
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        weight = self.normal(outputs, channels, kh, kw, scale=(2 / (channels * kh * kw)) ** 0.5)
        pad = (kh // 2, kw // 2) if padding is None else padding
        inputs = [x, weight, *([self.normal(outputs)] if bias else [])]
        return self.node("conv2d", *inputs, stride=stride, padding=pad, groups=groups, dilation=dilation)

    def norm(self, x: str) -> str:
        n = self.channels(x)
        variance = self.weight(self.random.uniform(0.5, 2, n).astype(np.float32))
        return self.node("batch_norm", x, self.normal(n), variance, self.normal(n), self.normal(n))

    def linear(self, x: str, outputs: int, bias: bool = True) -> str:
        size = self.types[x].shape[-1]
        inputs = [x, self.normal(outputs, size, scale=max(size, 1) ** -0.5), *([self.normal(outputs)] if bias else [])]
        return self.node("linear", *inputs)

    def channels(self, x: str) -> int:
        size = self.types[x].shape[1]
        assert isinstance(size, int)
        return size

    def graph(self, *values: str, **named: str) -> Graph:
        outputs = {f"out{i}" if i else "out": value for i, value in enumerate(values)} | named
        return Graph(
            inputs=self.inputs,
            outputs=outputs,
            nodes=tuple(self.nodes),
            weights={name: self.types[WEIGHT_PREFIX + name] for name in self.weights},
            types={name: kind for name, kind in self.types.items() if not name.startswith(WEIGHT_PREFIX)},
            symbols=self.symbols,
            guards=tuple(self.guards),
        )

    def arrays(self, seed: int = 1) -> dict[str, np.ndarray]:
        """Inputs for a graph whose sizes are all numbers."""
        random = np.random.default_rng(seed)
        return {
            name: random.standard_normal(kind.concrete({})).astype(kind.dtype.numpy)
            for name, kind in self.inputs.items()
        }


def run(
    sketch: Sketch, *values: str, mode: str = "default", inputs: Mapping[str, np.ndarray] | None = None, **options: Any
) -> dict[str, np.ndarray]:
    """Outputs of the graph that ends in ``values``."""
    arrays = sketch.arrays() if inputs is None else inputs
    shapes = {name: array.shape for name, array in arrays.items()}
    return Program(sketch.graph(*values), sketch.weights, shapes, mode, **options).run(arrays)


def assert_planned_right(sketch: Sketch, *values: str, tolerance: float = 2e-5) -> None:
    """The planned modes compute what the plain kernels do, within ``tolerance`` of each output's peak."""
    reference = run(sketch, *values, mode="reference")
    for mode in ("default", "fast", "exact"):
        planned = run(sketch, *values, mode=mode)
        assert list(planned) == list(reference)
        for name, expected in reference.items():
            result = planned[name]
            assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
            if expected.size and expected.dtype.kind == "f":
                finite = np.isfinite(expected)
                np.testing.assert_array_equal(result[~finite], expected[~finite])
                peak = float(np.abs(expected[finite]).max(initial=1e-6))
                assert float(np.abs(result[finite] - expected[finite]).max(initial=0)) <= tolerance * peak, (mode, name)
            else:
                np.testing.assert_array_equal(result, expected)
