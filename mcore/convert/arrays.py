"""Tensors of torch as arrays of the Platform and back, bfloat16 among them, for which NumPy has no number type."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mcore.platform.bfloat16 import STORED, is_bfloat16


def to_numpy(tensor: Tensor) -> np.ndarray:
    """The values of a tensor as a contiguous array of the same rank, which may share its memory."""
    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype is torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(STORED)
    return tensor.numpy()


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares memory with ``array``."""
    if is_bfloat16(array):
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)
