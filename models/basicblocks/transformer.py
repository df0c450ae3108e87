"""The parts that vision transformers share: an encoder block on tokens, its two-layer perceptron, and grids as tokens.

Paper: Attention Is All You Need (Vaswani et al., 2017), https://arxiv.org/abs/1706.03762
The block normalises before attention and perceptron, as in ViT (Dosovitskiy et al., 2021, https://arxiv.org/abs/2010.11929);
parameter names are torchvision's. Tokens are ``(N, L, C)``, so nothing here is a block of maps.
"""

import mcore.functional as F
from mcore.init import normal_, xavier_uniform_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import GELU, Dropout, LayerNorm, Linear, MultiheadAttention


def to_tokens(x: Tensor) -> Tensor:
    """A map ``(N, C, H, W)`` as tokens ``(N, H * W, C)``, row by row."""
    return F.transpose(F.flatten(x, 2), 1, 2)


def to_map(tokens: Tensor, like: Tensor) -> Tensor:
    """Tokens ``(N, H * W, C)`` as a map ``(N, C, H, W)``, of the height and width of the map ``like``."""
    return F.unflatten(F.transpose(tokens, 1, 2), 2, like.shape[-2:])


class MLP(Sequential):
    """Two linear layers with an activation between, for the last dimension of anything.

    Args:
        channels: of input and result.
        hidden: channels between.
        dropout: share of the values that training drops after each linear layer.
        act: class, called without arguments.
    """

    def __init__(
        self, *, channels: int = 192, hidden: int = 768, dropout: float = 0.0, act: type[Module] = GELU
    ) -> None:
        super().__init__(Linear(channels, hidden), act(), Dropout(dropout), Linear(hidden, channels), Dropout(dropout))
        for layer in (self[0], self[3]):
            xavier_uniform_(layer.weight)
            normal_(layer.bias, std=1e-6)


class EncoderBlock(Module):
    """Attention among all tokens, then a perceptron for each; both are added to what comes in.

    Args:
        channels: of the tokens.
        num_heads: of the attention; it divides ``channels``.
        hidden: channels inside the perceptron.
        dropout: share of the values that training drops from both results.
        eps: of the normalizations.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        channels: int = 192,
        num_heads: int = 3,
        hidden: int = 768,
        dropout: float = 0.0,
        eps: float = 1e-6,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(channels, eps=eps)
        self.self_attention = MultiheadAttention(channels, num_heads, batch_first=True)
        self.dropout = Dropout(dropout)
        self.ln_2 = LayerNorm(channels, eps=eps)
        self.mlp = MLP(channels=channels, hidden=hidden, dropout=dropout, act=act)

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)  # (N, L, C)
        y, _ = self.self_attention(y, y, y, need_weights=False)
        x = x + self.dropout(y)
        return x + self.mlp(self.ln_2(x))  # (N, L, C)
