"""What a planned program is made of: operations, which turn bound buffers into steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcore.platform.graph import TensorType, is_weight
from mcore.platform.runtime.blas import Blas
from mcore.platform.runtime.forms import Forms
from mcore.platform.runtime.memory import as_aligned
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.step import Steps


class Values(Protocol):
    """The buffers of a plan, by value name."""

    def stored(self, name: str) -> np.ndarray:
        """The value as it lies in memory, contiguous: images (N, H, W, C), others by falling strides."""

    def logical(self, name: str) -> np.ndarray:
        """The value in the graph's order of dimensions, a view of any strides."""

    def rows(self, name: str, inner: int) -> np.ndarray:
        """The value as a matrix: its last ``inner`` dimensions in a row, the others in their order of memory."""


class Operation(ABC):
    """A part of the plan. ``scratch`` says how many float32 elements each of its temporary buffers has."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scratch: tuple[int, ...] = ()

    @abstractmethod
    def emit(self, values: Values, scratch: Sequence[np.ndarray]) -> Steps:
        """The steps, in order; ``scratch`` are flat arrays of the sizes asked for, with any content."""


class PreparedWeights:
    """Weights in the forms that programs of a model want, whatever their input shapes: each form once."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._asked: set[str] = set()

    def get(self, name: str, form: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The constant ``name`` in that form; made, if it is a weight, only once."""
        if not is_weight(name):  # its value may depend on the input shapes
            return make()
        key = f"{name} {form}"
        self._asked.add(key)
        if key not in self.arrays:
            self.arrays[key] = make()
        return self.arrays[key]

    def plain(self, name: str, constants: Mapping[str, np.ndarray]) -> np.ndarray:
        """The constant as it is, contiguous and aligned; not copied where it is so already."""
        return self.get(name, "as it is", lambda: as_aligned(constants[name]))

    def asked(self) -> frozenset[str]:
        """The forms that were asked for since this was last called."""
        asked, self._asked = frozenset(self._asked), set()
        return asked

    def keep(self, forms: Iterable[str]) -> None:
        """Let go of all but ``forms``."""
        self.arrays = {key: self.arrays[key] for key in forms}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known when operations are chosen: types and forms of values, constants, processor, mode and threads.

    ``threads`` may decide who computes what, never how: which calls there are, and so the bits, depend on all the rest alone.
    """

    forms: Forms
    constants: Mapping[str, np.ndarray]
    prepared: PreparedWeights
    blas: Blas
    mode: Mode
    threads: int = 1

    @property
    def types(self) -> Mapping[str, TensorType]:
        """Element type and shape of every value."""
        return self.forms.types

    def shape(self, name: str) -> tuple[int, ...]:
        """Concrete shape in the graph's order."""
        return self.forms.shape(name)

    def same_order(self, a: str, b: str) -> bool:
        """Whether two values of one shape also lie in memory alike, each without gaps."""
        order = self.forms.dense_order(b)
        return self.shape(a) == self.shape(b) and order is not None and self.forms.is_dense(a, order)
