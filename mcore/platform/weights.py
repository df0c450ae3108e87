"""Weights by name: arrays in a plain mapping, or such as are handed over to whoever asks for them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from mcore.platform.graph import TensorType


class HandedOver(Mapping[str, np.ndarray]):
    """Arrays that need not stay in memory once they were asked for; asked for again, they are made again."""

    @property
    @abstractmethod
    def types(self) -> Mapping[str, TensorType]:
        """Element type and shape of each, known without asking for it."""

    @abstractmethod
    def own(self, name: str) -> np.ndarray:
        """A weight that is nobody else's: the caller may write to it."""


def kind_of(weights: Mapping[str, np.ndarray], name: str) -> tuple[np.dtype, tuple[int, ...]]:
    """Element type and shape of a weight that is there."""
    if isinstance(weights, HandedOver):
        return weights.types[name].dtype.numpy, weights.types[name].concrete({})
    array = np.asarray(weights[name])
    return array.dtype, array.shape
