"""Linear and bilinear layer, similarity and identity, as in ``torch.nn``."""

from __future__ import annotations

from typing import Any

from mcore.platform.eager import functional as F
from mcore.platform.eager.init import reset_affine, uniform_
from mcore.platform.eager.layers.layer import Layer
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.skeleton import unset
from mcore.platform.eager.tensor import Tensor


class Linear(Layer):
    """``x @ weight.T + bias`` over the last dimension; ``weight`` is ``(out_features, in_features)``."""

    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(unset((out_features, in_features)))
        self.register_parameter("bias", Parameter(unset(out_features)) if bias else None)
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Layer):
    """``x1 @ weight[k] @ x2 + bias[k]`` for each of ``out_features`` over the last dimensions of two inputs."""

    bias: Parameter | None

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        if in1_features < 1:
            raise ValueError(f"in1_features must be positive, not {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(unset((out_features, in1_features, in2_features)))
        self.register_parameter("bias", Parameter(unset(out_features)) if bias else None)
        for parameter in self.parameters():
            uniform_(parameter, -(in1_features**-0.5), in1_features**-0.5)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes, and whether there is a bias."""
        sizes = ", ".join(f"{n}={getattr(self, n)}" for n in ("in1_features", "in2_features", "out_features"))
        return f"{sizes}, bias={self.bias is not None}"


class CosineSimilarity(Layer):
    """Cosine of the angle between two inputs along ``dim``."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class Identity(Layer):
    """The input itself; takes any arguments, as a placeholder for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input
