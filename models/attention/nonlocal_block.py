"""Non-local block: each place gets the mean of all places, weighted by how alike they are, added to what it has.

Paper: Non-local Neural Networks (Wang et al., 2018), https://arxiv.org/abs/1711.07971
The paper's default form, the embedded Gaussian. Its last normalization starts with scale one, not zero, unless ``identity``
is asked for: a fresh block then does something.
"""

import mcore.functional as F
from mcore.init import zeros_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d
from models.attention.base import Attention
from models.basicblocks.transformer import to_map, to_tokens


class NonLocal(Attention):
    """Embeddings of all places, their products, softmax, and a normalised projection back, added to the input.

    Args:
        in_channels: of the map; the output has as many.
        reduction: the embeddings have ``in_channels // reduction`` channels, at least one.
        identity: start as the identity, as in the paper, to be put into a trained network.
        norm: class, called with the number of channels; it has a ``weight``.
    """

    def __init__(
        self, *, in_channels: int = 64, reduction: int = 2, identity: bool = False, norm: type[Module] = BatchNorm2d
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        width = max(1, in_channels // reduction)
        self.theta = Conv2d(in_channels, width, 1)
        self.phi = Conv2d(in_channels, width, 1)
        self.g = Conv2d(in_channels, width, 1)
        self.project = Sequential(Conv2d(width, in_channels, 1), norm(in_channels))
        if identity:
            zeros_(self.project[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (to_tokens(embed(x)) for embed in (self.theta, self.phi, self.g))  # (N, H * W, width)
        y = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.project(to_map(y, x))  # (N, C, H, W)
