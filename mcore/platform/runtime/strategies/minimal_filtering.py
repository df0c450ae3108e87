"""Winograd's minimal filtering F(m×m, 3×3): m² outputs of a 3×3 convolution from (m + 2)² products.

A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), https://arxiv.org/abs/1509.09308:
``Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`` for a filter ``g`` and a tile ``d`` of the input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcore.platform.pages import lasting
from mcore.platform.runtime.memory import copy_columns


@dataclass(frozen=True, slots=True)
class MinimalFiltering:
    """``outputs`` of a tile along one axis, and the matrices Bᵀ, G and Aᵀ of the paper, in float32.

    Component 1 of Aᵀ is one for every output: a bias that is added to component (1, 1) reaches each output once.
    """

    outputs: int
    inputs: np.ndarray
    filters: np.ndarray
    results: np.ndarray

    @property
    def size(self) -> int:
        """Inputs of a tile along one axis, and so its products."""
        return self.outputs + 2

    def transformed(self, weight: np.ndarray) -> np.ndarray:
        """GgGᵀ: ``(O, C, 3, 3)`` as ``(size², C, O)``."""
        outputs, channels = weight.shape[:2]
        taps_first = np.empty((3, 3, channels, outputs), np.float32)
        copy_columns(weight.transpose(2, 3, 1, 0), taps_first)
        result = lasting((self.size**2, channels, outputs))
        np.matmul(np.kron(self.filters, self.filters), taps_first.reshape(9, -1), out=result.reshape(self.size**2, -1))
        return result


def _of(
    outputs: int, inputs: list[list[float]], filters: list[list[float]], results: list[list[float]]
) -> MinimalFiltering:
    return MinimalFiltering(outputs, *(np.array(matrix, np.float32) for matrix in (inputs, filters, results)))


#: Points 0, 1, -1: as accurate as direct convolution.
F2 = _of(
    2,
    [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
    [[1, 1, 1, 0], [0, 1, -1, -1]],
)

#: Points 0, 1, -1, 2, -2: fewer products, and about ten times the rounding error.
F4 = _of(
    4,
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
)
