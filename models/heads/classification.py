"""Classification: the coarsest map pooled to one value a channel, dropout, one linear layer.

Papers: Network In Network (Lin et al., 2014), https://arxiv.org/abs/1312.4400, for the global average pooling;
Fine-tuning CNN Image Retrieval with No Human Annotation (Radenovic et al., 2019), https://arxiv.org/abs/1711.02512, for the
generalized mean.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Parameter, Tensor
from models import Dropout, Linear
from models.functional import generalized_mean, global_average, global_maximum
from models.heads.base import Head


class ClassificationHead(Head):
    """Logits of the classes, from the last feature map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
        pooling: ``avg``, ``max``, ``avgmax`` (the mean of both) or ``gem`` (a generalized mean of a learnt power, from 3 on).

    Raises:
        ValueError: the features are not described from fine to coarse, or there is no such pooling.
    """

    task = "classification"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (2048,),
        in_strides: Sequence[int] = (32,),
        num_classes: int = 1000,
        dropout: float = 0.0,
        pooling: str = "avg",
    ) -> None:
        super().__init__(in_channels, in_strides)
        poolings = {"avg": _Average, "max": _Maximum, "avgmax": _AverageAndMaximum, "gem": _GeneralizedMean}
        if pooling not in poolings:
            raise ValueError(f"ClassificationHead: pooling is one of {', '.join(poolings)}, got {pooling!r}")
        self.pool = poolings[pooling]()
        self.dropout = Dropout(dropout)
        self.fc = Linear(in_channels[-1], num_classes)

    def forward(self, features: list[Tensor]) -> Tensor:
        pooled = self.pool(features[-1])  # (N, C)
        return self.fc(self.dropout(pooled))  # (N, num_classes)


class _Average(Module):
    def forward(self, x: Tensor) -> Tensor:
        return global_average(x)


class _Maximum(Module):
    def forward(self, x: Tensor) -> Tensor:
        return global_maximum(x)


class _AverageAndMaximum(Module):
    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * (global_average(x) + global_maximum(x))


class _GeneralizedMean(Module):
    def __init__(self) -> None:
        super().__init__()
        self.power = Parameter(F.full((1,), 3.0))

    def forward(self, x: Tensor) -> Tensor:
        return generalized_mean(x, self.power)
