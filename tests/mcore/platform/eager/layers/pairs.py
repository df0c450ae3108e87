"""A layer of the Platform beside torch's of the same name, with the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mcore.platform.eager import layers
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.tensor import Tensor
from tests.mcore.platform.eager.parity import same


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Module, torch.nn.Module]:
    """Both layers, torch's weights perturbed (fresh ones hide mistakes: ones, zeros) and loaded into ours."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(*args, **kwargs)
    with torch.no_grad():
        for key, value in theirs.state_dict().items():
            if value.is_floating_point():
                value.add_(torch.rand_like(value) * 0.5 + (0.1 if "var" in key else 0.0))
    ours = getattr(layers, name)(*args, **kwargs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


Inputs = np.ndarray | tuple[np.ndarray, ...]


def check_layer(name: str, x: Inputs, *args: Any, training: bool = False, **kwargs: Any) -> None:
    """Fail unless both give the same for ``x``, twice (layers with a state move it), and end with the same state."""
    ours, theirs = pair(name, *args, **kwargs)
    ours.train(training)
    theirs.train(training)
    with torch.no_grad():
        for factor in (1, 2):
            arrays = [_times(i, factor) for i in (x if isinstance(x, tuple) else (x,))]
            given, expected = [Tensor(a) for a in arrays], [torch.from_numpy(a.copy()) for a in arrays]
            same(ours(*given), theirs(*expected))
            same(given, expected)  # an inplace layer overwrote it, any other did not
    own = ours.state_dict()
    for key, value in theirs.state_dict().items():
        same(own[key], value)


def _times(array: np.ndarray, factor: int) -> np.ndarray:
    """Another input: indices stay what they are."""
    return array.copy() if array.dtype.kind == "i" else array * factor
