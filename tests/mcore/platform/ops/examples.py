"""Small examples of ops with results worked out by hand: no torch is needed to check them, or to read what an op does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcore.platform.ops import registry

NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Example:
    """``inputs`` and ``results`` are nested lists: whole numbers are int64, fractions float32, truth values bool."""

    op: str
    inputs: tuple[Any, ...]
    results: tuple[Any, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.op}({', '.join(f'{k}={v}' for k, v in self.attributes.items())})"


def example(op: str, *inputs: Any, gives: Any, **attributes: Any) -> Example:
    """Shorthand for :class:`Example`; for several results, ``gives`` is a tuple of them."""
    return Example(op, inputs, gives if isinstance(gives, tuple) else (gives,), attributes)


def array(data: Any) -> np.ndarray | None:
    """The array that nested lists stand for."""
    if data is None or isinstance(data, np.ndarray):
        return data
    found = np.array(data)
    return found.astype(np.float32) if found.dtype == np.float64 else found


def check_example(example: Example) -> None:
    """Fail unless the op gives what the example says, in its element type."""
    results = registry.get(example.op).compute([array(i) for i in example.inputs], example.attributes)
    assert len(results) == len(example.results)
    for result, wanted in zip(results, map(array, example.results), strict=True):
        assert wanted is not None
        assert result.dtype == wanted.dtype
        assert result.shape == wanted.shape
        np.testing.assert_allclose(result, wanted, rtol=1e-6, atol=1e-7)
