"""Single ops through ONNX Runtime: by themselves, at the sizes of a case or with some of them left open."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, Symbol, TensorType
from mcore.platform.onnx import export
from mcore.platform.ops import registry
from tests.mcore.platform.ops.examples import array

OPS = Path(__file__).parent.parent / "ops"


@dataclass(frozen=True, eq=False)
class Call:
    """An op with inputs and attributes; ``symbolic`` says whether sizes may be unknown to its shape rule."""

    op: str
    inputs: tuple[np.ndarray | None, ...]
    attributes: Mapping[str, Any]
    symbolic: bool = True

    def __str__(self) -> str:
        shapes = ["-" if i is None else f"{i.dtype.name}{list(i.shape)}" for i in self.inputs]
        return f"{self.op}({', '.join([*shapes, *(f'{k}={v}' for k, v in self.attributes.items())])})"

    def expected(self) -> tuple[np.ndarray, ...]:
        """What the Platform's plain kernel gives."""
        return registry.get(self.op).compute(self.inputs, self.attributes)


def calls() -> Iterator[Call]:
    """Every example of the op set that is worked out by hand, and every case that it is held against torch with."""
    for file in sorted(OPS.glob("test_*.py")):
        module = importlib.import_module(f"tests.mcore.platform.ops.{file.stem}")
        for example in getattr(module, "EXAMPLES", ()):
            if not isinstance(example, str):
                yield Call(example.op, tuple(map(array, example.inputs)), example.attributes)
        for case in getattr(module, "CASES", ()):
            inputs = tuple(None if i is None else np.asarray(i) for i in case.inputs)
            yield Call(case.op, inputs, case.attributes, case.symbolic)


def graph_of(call: Call, open_axis: int | None = None) -> Graph:
    """The call as a graph; with ``open_axis``, that axis of each input that has it is a symbol (equal sizes share one)."""
    kinds: list[TensorType | None] = []
    sizes: dict[int, str] = {}
    for value in call.inputs:
        if value is None:
            kinds.append(None)
            continue
        shape: list[Any] = list(value.shape)
        if open_axis is not None and -value.ndim <= open_axis < value.ndim and shape[open_axis] > 1:
            name = sizes.setdefault(shape[open_axis], f"S{len(sizes)}")
            shape[open_axis] = symbol(name)
        kinds.append(TensorType(DType.of(value), tuple(shape)))
    results = registry.get(call.op).types(kinds, call.attributes)
    names = tuple(None if k is None else f"x{i}" for i, k in enumerate(kinds))
    inputs = {name: kind for name, kind in zip(names, kinds, strict=True) if name is not None and kind is not None}
    outputs = tuple(f"y{i}" for i in range(len(results)))
    return Graph(
        inputs=inputs,
        outputs={name: name for name in outputs},
        nodes=(Node(call.op, names, outputs, call.attributes),),
        weights={},
        types={**inputs, **dict(zip(outputs, results, strict=True))},
        symbols={name: Symbol(name) for name in sizes.values()},
    )


def model_of(graph: Graph, weights: Mapping[str, np.ndarray] | None = None) -> onnx.ModelProto:
    """The model, checked, with its shapes inferred."""
    model = export(graph, weights or {}).model
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model: onnx.ModelProto, inputs: Sequence[np.ndarray | None] | Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """What ONNX Runtime makes of ``inputs``."""
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    if not isinstance(inputs, Mapping):
        inputs = {f"x{i}": value for i, value in enumerate(inputs) if value is not None}
    return [np.asarray(v) for v in session.run(None, {k: np.asarray(v) for k, v in inputs.items()})]
