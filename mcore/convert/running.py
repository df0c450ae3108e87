"""Plain runs of a model: a copy that may be changed, seeded inputs, and the place when its forward raises."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mcore.convert.arguments import arguments, flatten, groups
from mcore.convert.arrays import to_numpy
from mcore.convert.errors import CaptureRefused, ModelFailed
from mcore.convert.places import Scopes, raised_at
from mcore.platform.dtypes import DType
from mcore.sampling import Input, Sampling

#: Patches along each axis of a seeded input.
_PATCHES = 5


@dataclass(frozen=True, slots=True)
class Size:
    """Batch size, height and width of a run."""

    batch: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


def evaluation_copy(model: nn.Module, unread: Iterable[nn.Parameter] = ()) -> nn.Module:
    """A deep copy on the CPU, in evaluation mode: the caller's model is never changed.

    What the parameters ``unread`` hold is not copied; those of the copy hold anything.

    Raises:
        CaptureRefused: it cannot be copied.
    """
    blank: dict[int, Any] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter), parameter.requires_grad)
        for parameter in unread
        if type(parameter) is nn.Parameter
    }
    try:
        return copy.deepcopy(model, blank).cpu().eval()
    except RuntimeError as error:
        raise CaptureRefused(f"{type(model).__name__} cannot be copied: {error}") from error


def generator(seed: str) -> torch.Generator:
    """Random numbers that follow from ``seed`` alone."""
    return torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") >> 1)


def seeded_inputs(sampling: Sampling, size: Size, seed: str) -> dict[str, Tensor]:
    """Input tensors by name; their values follow from ``seed``, the input's name and the size.

    Floating-point values are like those of an image: each channel its own level, coarse patches, and noise upon them, so that
    two inputs differ after a global mean too. ``uint8`` is 0..255, other integers are 0 or 1 (legal as any index).

    Raises:
        CaptureRefused: the names of the inputs make no sense.
    """
    groups([i.name for i in sampling.inputs])
    return {i.name: _seeded(i, size, seed) for i in sampling.inputs}


def run(model: nn.Module, sampling: Sampling, inputs: Mapping[str, Tensor]) -> Any:
    """The result of a plain forward on copies of ``inputs``; raises :class:`ModelFailed` with the place."""
    args, kwargs = arguments(model.forward, {name: tensor.clone() for name, tensor in inputs.items()})
    scopes = Scopes(model)
    try:
        with scopes.following(), torch.no_grad():
            return model(*args, **kwargs)
    except Exception as error:
        raise ModelFailed(error, scopes.place(raised_at(error))) from error


def outputs_of(result: object) -> dict[str, np.ndarray]:
    """The tensors of a result as arrays, by name."""
    leaves, _ = flatten(result, lambda item: isinstance(item, Tensor))
    return {name: to_numpy(tensor) for name, tensor in leaves.items()}


def _seeded(declared: Input, size: Size, seed: str) -> Tensor:
    shape = declared.concrete(size.batch, size.height, size.width)
    source = generator(f"{seed}/{declared.name}/{size.batch}x{size}")
    dtype = getattr(torch, declared.dtype.value)
    if declared.dtype.is_floating:
        values = torch.randn(shape, generator=source) * 0.5
        for coarse in (1, _PATCHES):
            grid = [min(n, coarse) if axis > 1 else n for axis, n in enumerate(shape)]
            patches = torch.randn(grid, generator=source) * 0.5
            for axis, (n, cells) in enumerate(zip(shape, grid, strict=True)):
                if n != cells:
                    patches = patches.index_select(axis, torch.arange(n) * cells // n)
            values += patches
        return values.to(dtype)
    return torch.randint(0, 256 if declared.dtype is DType.UINT8 else 2, shape, generator=source).to(dtype)
