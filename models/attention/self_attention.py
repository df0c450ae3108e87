"""Self-attention of several heads among all places of a map.

Paper: Attention Is All You Need (Vaswani et al., 2017), https://arxiv.org/abs/1706.03762
It has no position embedding: places are told apart by what is in them alone.
"""

from mcore.tensor import Tensor
from models import MultiheadAttention
from models.attention.base import Attention
from models.basicblocks.transformer import to_map, to_tokens


class MultiHeadSelfAttention(Attention):
    """Queries, keys and values of all places, attention in each head, and a projection; nothing is added to it.

    Args:
        in_channels: of the map; the output has as many.
        num_heads: it divides ``in_channels``.
        dropout: share of the attention's weights that training drops.
        bias: have biases in the projections.
    """

    def __init__(self, *, in_channels: int = 64, num_heads: int = 4, dropout: float = 0.0, bias: bool = True) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.attention = MultiheadAttention(in_channels, num_heads, dropout=dropout, bias=bias, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = to_tokens(x)  # (N, H * W, C)
        y, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return to_map(y, x)  # (N, C, H, W)
