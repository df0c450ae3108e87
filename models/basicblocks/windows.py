"""Attention inside windows of a map, shifted in every second block: the block of Swin.

Paper: Swin Transformer: Hierarchical Vision Transformer using Shifted Windows (Liu et al., 2021),
https://arxiv.org/abs/2103.14030
Parameter names and rules are torchvision's: a map is padded to whole windows with zeros, which take part, and is not
shifted along an axis that one window covers. Here that rule is arithmetic on sizes, not a branch: one graph serves all of them.
Maps are ``(N, H, W, C)`` in this file, so nothing here is a block of maps.
"""

import mcore.functional as F
from mcore.init import trunc_normal_
from mcore.module import Module
from mcore.tensor import Parameter, Tensor
from models import GELU, LayerNorm, Linear
from models.basicblocks.stochastic_depth import StochasticDepth
from models.basicblocks.transformer import MLP


def relative_positions(window: int) -> Tensor:
    """For each pair of places in a window, the number of their offset: ``(window ** 4,)``, row by row."""
    rows, columns = F.meshgrid(F.arange(window), F.arange(window), indexing="ij")
    down, right = (F.flatten(c)[:, None] - F.flatten(c)[None, :] + window - 1 for c in (rows, columns))
    return F.flatten(down * (2 * window - 1) + right)


class WindowAttention(Module):
    """Attention of several heads inside each window, with a learned bias for each offset between two places.

    Args:
        channels: of the map.
        num_heads: it divides ``channels``.
        window: side of the windows.
        shift: how far the map is rolled up and left before it is cut into windows; 0 for windows in place.
    """

    def __init__(self, *, channels: int = 96, num_heads: int = 3, window: int = 7, shift: int = 0) -> None:
        super().__init__()
        self.num_heads, self.window, self.shift = num_heads, window, shift
        self.relative_position_bias_table = Parameter(F.zeros((2 * window - 1) ** 2, num_heads))
        trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", relative_positions(window))
        self.qkv = Linear(channels, 3 * channels)
        self.proj = Linear(channels, channels)

    def bias(self) -> Tensor:
        """What is added to the scores for the offsets: ``(heads, window ** 2, window ** 2)``."""
        places = self.window**2
        bias = F.index_select(self.relative_position_bias_table, 0, self.relative_position_index)
        return F.permute(F.reshape(bias, (places, places, self.num_heads)), (2, 0, 1))

    def cut(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """A map of ``rows * columns`` windows as ``(N, rows * columns, window ** 2, C)``."""
        n, _, _, c = x.shape
        x = F.reshape(x, (n, rows, self.window, columns, self.window, c))
        return F.reshape(F.permute(x, (0, 1, 3, 2, 4, 5)), (n, rows * columns, self.window**2, c))

    def join(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """What ``cut`` has cut, as a map again."""
        n, _, _, c = x.shape
        x = F.permute(F.reshape(x, (n, rows, columns, self.window, self.window, c)), (0, 1, 3, 2, 4, 5))
        return F.reshape(x, (n, rows * self.window, columns * self.window, c))

    def mask(self, rows: int, columns: int, down: int, right: int) -> Tensor:
        """True for pairs of places that were brought together by rolling: ``(rows * columns, 1, window ** 2, window ** 2)``."""
        height, width = rows * self.window, columns * self.window
        wrapped_down = F.arange(height) >= height - down
        wrapped_right = F.arange(width) >= width - right
        parts = 2 * wrapped_down[:, None] + 1 * wrapped_right[None, :]  # (H, W), four parts that were apart
        parts = self.cut(parts[None, :, :, None], rows, columns)  # (1, rows * columns, window ** 2, 1)
        return F.permute(parts != F.transpose(parts, 2, 3), (1, 0, 2, 3))

    def attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attention in each of the windows ``(N, windows, window ** 2, C)``."""
        n, windows, places, c = x.shape
        qkv = F.reshape(self.qkv(x), (n, windows, places, 3, self.num_heads, c // self.num_heads))
        q, k, v = F.unbind(F.permute(qkv, (3, 0, 1, 4, 2, 5)), 0)  # (N, windows, heads, window ** 2, C / heads)
        bias = self.bias()
        if mask is not None:
            bias = bias - 100.0 * mask.to(bias.dtype)
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.proj(F.flatten(F.transpose(x, 2, 3), 3))

    def forward(self, x: Tensor) -> Tensor:
        _, height, width, _ = x.shape
        rows, columns = (-(-size // self.window) for size in (height, width))
        x = F.pad(x, (0, 0, 0, columns * self.window - width, 0, rows * self.window - height))
        if not self.shift:
            x = self.join(self.attend(self.cut(x, rows, columns), None), rows, columns)
            return x[:, :height, :width]  # (N, H, W, C)
        down, right = (
            self.shift * (1 - 1 // count) for count in (rows, columns)
        )  # none where one window covers the axis
        x = self.cut(F.roll(x, (-down, -right), (1, 2)), rows, columns)
        x = self.join(self.attend(x, self.mask(rows, columns, down, right)), rows, columns)
        return F.roll(x, (down, right), (1, 2))[:, :height, :width]  # (N, H, W, C)


class SwinBlock(Module):
    """Attention in windows, then a perceptron for each place; both are added to what comes in.

    Args:
        channels: of the map.
        num_heads: of the attention; it divides ``channels``.
        window: side of the windows.
        shift: of the windows.
        stochastic_depth: share of the images that training leaves each branch out for.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        channels: int = 96,
        num_heads: int = 3,
        window: int = 7,
        shift: int = 0,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__()
        self.norm1 = LayerNorm(channels)
        self.attn = WindowAttention(channels=channels, num_heads=num_heads, window=window, shift=shift)
        self.stochastic_depth = StochasticDepth(share=stochastic_depth)
        self.norm2 = LayerNorm(channels)
        self.mlp = MLP(channels=channels, hidden=4 * channels, act=act)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))  # (N, H, W, C)
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))  # (N, H, W, C)
