"""The block of pyramid transformers: attention over a map that is shrunk for keys and values, and a perceptron that convolves.

Paper: PVT v2: Improved Baselines with Pyramid Vision Transformer (Wang et al., 2022), https://arxiv.org/abs/2106.13797
Paper: SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers (Xie et al., 2021),
https://arxiv.org/abs/2105.15203, which has the same block
Parameter names are timm's. Maps are ``(N, H, W, C)`` in this file but for the convolutions, so nothing here is a block of maps.
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor
from models import GELU, Conv2d, LayerNorm, Linear
from models.basicblocks.stochastic_depth import StochasticDepth

CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


class OverlapPatchEmbed(Module):
    """A strided convolution and layer normalization: ``(N, C, H, W)`` to ``(N, H/stride, W/stride, C)``, rounded up.

    Args:
        in_channels: of the map.
        out_channels: of the result.
        kernel_size: odd and larger than ``stride``, so that patches overlap.
        stride: of the convolution.
    """

    def __init__(self, *, in_channels: int = 3, out_channels: int = 32, kernel_size: int = 7, stride: int = 4) -> None:
        super().__init__()
        self.proj = Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2)
        self.norm = LayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(F.permute(self.proj(x), CHANNELS_LAST))


class SpatialReductionAttention(Module):
    """Attention of every place over places that a strided convolution has merged.

    Args:
        channels: of the map.
        num_heads: it divides ``channels``.
        reduction: how many times smaller in height and width the map of keys and values is, rounded down.
    """

    def __init__(self, *, channels: int = 32, num_heads: int = 1, reduction: int = 8) -> None:
        super().__init__()
        self.num_heads, self.reduction = num_heads, reduction
        self.q = Linear(channels, channels)
        self.kv = Linear(channels, 2 * channels)
        self.proj = Linear(channels, channels)
        if reduction > 1:
            self.sr = Conv2d(channels, channels, reduction, reduction)
            self.norm = LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        n, height, width, c = x.shape
        split = (self.num_heads, c // self.num_heads)
        q = F.transpose(F.reshape(self.q(x), (n, height * width, *split)), 1, 2)  # (N, heads, H * W, C / heads)
        if self.reduction > 1:
            x = self.norm(F.permute(self.sr(F.permute(x, CHANNELS_FIRST)), CHANNELS_LAST))  # (N, H/r, W/r, C)
        kv = F.unflatten(F.flatten(self.kv(x), 1, 2), 2, (2, *split))  # (N, H/r * W/r, 2, heads, C / heads)
        k, v = F.unbind(F.permute(kv, (2, 0, 3, 1, 4)), 0)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(F.reshape(F.transpose(y, 1, 2), (n, height, width, c)))


class ConvMLP(Module):
    """A perceptron for each place, with a depthwise 3x3 convolution before its activation.

    Args:
        channels: of the map.
        hidden: channels between.
        act: class, called without arguments.
    """

    def __init__(self, *, channels: int = 32, hidden: int = 256, act: type[Module] = GELU) -> None:
        super().__init__()
        self.fc1 = Linear(channels, hidden)
        self.dwconv = Conv2d(hidden, hidden, 3, 1, 1, groups=hidden)
        self.act = act()
        self.fc2 = Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dwconv(F.permute(self.fc1(x), CHANNELS_FIRST))  # (N, hidden, H, W)
        return self.fc2(self.act(F.permute(x, CHANNELS_LAST)))  # (N, H, W, C)


class SpatialReductionBlock(Module):
    """Attention, then the perceptron; both are added to what comes in.

    Args:
        channels: of the map.
        num_heads: of the attention; it divides ``channels``.
        reduction: of the attention's keys and values.
        expansion: how much wider the perceptron is inside.
        stochastic_depth: share of the images that training leaves each branch out for.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        channels: int = 32,
        num_heads: int = 1,
        reduction: int = 8,
        expansion: int = 8,
        stochastic_depth: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__()
        self.norm1 = LayerNorm(channels, eps=1e-6)
        self.attn = SpatialReductionAttention(channels=channels, num_heads=num_heads, reduction=reduction)
        self.norm2 = LayerNorm(channels, eps=1e-6)
        self.mlp = ConvMLP(channels=channels, hidden=expansion * channels, act=act)
        self.stochastic_depth = StochasticDepth(share=stochastic_depth)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))  # (N, H, W, C)
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))  # (N, H, W, C)
