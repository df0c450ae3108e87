"""The public architectures, read as the farm reads them, and what the tests need to run any of them on either backend."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

ROOT = Path(__file__).parents[2]
#: Factor of the first weights of a gate. Maps grow from block to block here, since statistics are drawn and not measured, and a
#: gate of large values is a step: float32 then decides chains of 33 of them by chance.
GATE = 1 / 64
#: Smallest legal size of most image networks; the tests' own sizes are not below it.
USUAL_MINIMUM = 33
FAMILIES = ("networks", "backbones", "necks", "heads", "attention", "basicblocks")

#: Factor of the weights of matrices and kernels, by architecture, where with He's bound rounding alone would decide: the
#: sums of many blocks grow so large that gates far behind them are open or shut by their last digits.
GAINS = {"EfficientNetV2S": 0.75, "efficientnet_v2_s": 0.75}


@dataclass(frozen=True, slots=True)
class Public:
    """One name of a family's ``__all__``."""

    family: str
    name: str

    def __str__(self) -> str:
        return f"{self.family}.{self.name}"

    @property
    def target(self) -> type:
        """The class; imports it."""
        return getattr(import_module(f"models.{self.family}"), self.name)


def literal_all(path: Path) -> list[str]:
    """``__all__`` of a file, read without importing it; raises ``ValueError`` unless it is a literal."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "__all__":
            return ast.literal_eval(statement.value)
    raise ValueError(f"{path} has no __all__")


PUBLIC = [Public(f, name) for f in FAMILIES for name in literal_all(ROOT / "models" / f / "__init__.py")]


def arrays_for(sampling: Any, batch: int, height: int, width: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs by name, standard normal, float32."""
    rng = np.random.default_rng(seed)
    return {i.name: rng.standard_normal(i.concrete(batch, height, width), dtype=np.float32) for i in sampling.inputs}


def legal(sampling: Any, height: int, width: int) -> tuple[int, int]:
    """The given size, as much larger as a network needs it; sizes that differ stay different.

    Where the smallest legal size is more than the usual one, all sizes grow by the same multiple of 32, the usual last stride.
    """
    unit = sampling.multiple_of
    more = max(0, -((USUAL_MINIMUM - sampling.minimum) // 32) * 32)
    height, width = (-(-(size + more) // unit) * unit for size in (height, width))
    return height, width


def call(model: Any, arrays: dict[str, np.ndarray], to_tensor: Callable[[np.ndarray], Any]) -> list[Any]:
    """Outputs of ``model`` as a list, those of a dict in its order; ``name.0``, ``name.1``, ... are passed as one list."""
    arguments: dict[str, Any] = {}
    for name, array in arrays.items():
        head, _, index = name.rpartition(".")
        if index.isdigit():
            arguments.setdefault(head, []).append(to_tensor(array))
        else:
            arguments[name] = to_tensor(array)
    outputs = model(**arguments)
    if isinstance(outputs, dict):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def weights_for(shapes: Iterable[tuple[str, tuple[int, ...]]], gain: float = 1.0) -> dict[str, np.ndarray]:
    """Weights that depend on nothing but each name and shape, and that keep activations alive through deep networks.

    Uniform: matrices and kernels within ``gain`` times He's bound, those of gates far within it, scales and variances from 0.5
    to 1.5, biases and means from -0.2 to 0.2.
    """
    weights = {}
    for name, shape in shapes:
        if name.endswith("num_batches_tracked"):
            weights[name] = np.zeros(shape, dtype=np.int64)
            continue
        bound, middle = 0.2, 0.0
        if len(shape) > 1:
            bound = gain * (6 / prod(shape[1:])) ** 0.5
            if name.endswith(".se.fc1.weight"):
                bound *= GATE
        elif name.endswith((".weight", "running_var")):
            bound, middle = 0.5, 1.0
        weights[name] = _drawn(name, prod(shape), bound).reshape(shape)
        if middle:
            weights[name] += np.float32(middle)
    return weights


@cache
def _pool() -> np.ndarray:
    """Uniform from -1 to 1; as many as a prime says, so that no two rows of a matrix are the same ones."""
    return 2 * np.random.default_rng(0).random(1_000_003, dtype=np.float32) - 1


def _drawn(name: str, count: int, bound: float) -> np.ndarray:
    """That many of :func:`_pool` times ``bound``, over and over from where ``name`` says: to draw all of a large network takes
    longer than to run it.
    """
    pool = _pool()
    start = crc32(name.encode()) % len(pool)
    values = np.empty(count, dtype=np.float32)
    done = 0
    while done < count:
        part = pool[start : start + count - done]
        np.multiply(part, np.float32(bound), out=values[done : done + len(part)])
        done, start = done + len(part), 0
    return values


def load_weights(model: Any, to_tensor: Callable[[np.ndarray], Any], **options: Any) -> None:
    """Give ``model`` the weights of :func:`weights_for`; integers, which are tables and counters, stay as they are.

    ``options`` are of its ``load_state_dict``.
    """
    state = model.state_dict()  # with versions of modules beside it, which some networks want back
    floats = {name: value for name, value in state.items() if "int" not in str(value.dtype)}
    shapes = ((name, tuple(value.shape)) for name, value in floats.items())
    weights = weights_for(shapes, GAINS.get(type(model).__name__, 1.0))
    state.update((name, to_tensor(value)) for name, value in weights.items())
    model.load_state_dict(state, **options)
