"""One piece of code run on both backends, and its results compared: values, element types, shapes and structure."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

from mcore.platform.eager import functional as platform_functional
from mcore.platform.eager.tensor import Tensor
from mcore.torch_backend import functional as torch_functional

#: Largest error relative to the peak of the result; the sums of both sides run in another order.
TOLERANCE = {"float64": 1e-12, "float32": 3e-6, "float16": 4e-3}

#: Takes the functions of a backend, then its tensors.
Code = Callable[..., Any]


def normal(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Values of a normal distribution."""
    return np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape)).astype(dtype)


def positive(*shape: int) -> np.ndarray:
    """Values between 0.1 and 2."""
    return np.random.default_rng(shape).uniform(0.1, 2.0, shape).astype(np.float32)


def whole(*shape: int, low: int = -5, high: int = 6) -> np.ndarray:
    """Whole numbers, int64."""
    return np.random.default_rng(shape).integers(low, high, shape)


def check(code: Code, *arrays: np.ndarray) -> None:
    """Fail unless ``code`` gives the same on both backends, and leaves its inputs with the same values."""
    ours = [Tensor(a.copy()) for a in arrays]
    theirs = [torch.from_numpy(a.copy()) for a in arrays]
    with torch.no_grad():
        wanted = code(torch_functional, *theirs)
    same(code(platform_functional, *ours), wanted)
    for own, other in zip(ours, theirs, strict=True):
        same(own, other)


def same(ours: Any, theirs: Any) -> None:
    """Fail unless both are the same, to the tolerance of the element type; structures are compared part by part."""
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, Tensor)
        close(ours.numpy(), theirs.detach().numpy())
    elif isinstance(theirs, torch.Size):
        assert ours == tuple(theirs)
    elif isinstance(theirs, tuple | list):
        assert isinstance(ours, tuple | list)
        assert len(ours) == len(theirs)
        for own, other in zip(ours, theirs, strict=True):
            same(own, other)
    else:
        assert ours == theirs
        assert type(ours) is type(theirs)


def close(value: np.ndarray, wanted: np.ndarray) -> None:
    """Fail unless shapes and element types are equal, and values are to the tolerance."""
    assert value.shape == wanted.shape
    assert value.dtype == wanted.dtype
    tolerance = TOLERANCE.get(wanted.dtype.name, 0.0)
    peak = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)) if tolerance else 0.0
    np.testing.assert_allclose(value, wanted, rtol=tolerance, atol=tolerance * peak)


def dtypes(functional: ModuleType, name: str) -> Any:
    """The dtype of that name on the backend that ``functional`` is of."""
    from mcore.platform.eager import tensor as platform_tensor
    from mcore.torch_backend import tensor as torch_tensor

    return getattr(platform_tensor if functional is platform_functional else torch_tensor, name)
