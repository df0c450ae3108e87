"""Linear layer and identity, as in ``torch.nn``."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcore.platform.eager import functional as F
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.init import reset_affine
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.tensor import Tensor


class Linear(Module):
    """``x @ weight.T + bias`` over the last dimension; ``weight`` is ``(out_features, in_features)``."""

    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(np.empty((out_features, in_features), np.float32))
        self.register_parameter("bias", Parameter(np.empty(out_features, np.float32)) if bias else None)
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)


class Identity(Module):
    """The input itself; takes any arguments, as a placeholder for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input
