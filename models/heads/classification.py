"""Classification: the mean of the coarsest map, dropout, one linear layer.

Paper: Network In Network (Lin et al., 2014), https://arxiv.org/abs/1312.4400, for the global average pooling.
"""

from collections.abc import Sequence

from mcore.tensor import Tensor
from models import Dropout, Linear
from models.functional import global_average
from models.heads.base import Head


class ClassificationHead(Head):
    """Logits of the classes, from the last feature map.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: logits that it gives.
        dropout: share of the pooled values that training drops.
    """

    task = "classification"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (2048,),
        in_strides: Sequence[int] = (32,),
        num_classes: int = 1000,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.dropout = Dropout(dropout)
        self.fc = Linear(in_channels[-1], num_classes)

    def forward(self, features: list[Tensor]) -> Tensor:
        pooled = global_average(features[-1])  # (N, C)
        return self.fc(self.dropout(pooled))  # (N, num_classes)
