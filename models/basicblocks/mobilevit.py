"""The block of MobileViT: a transformer over patches of a map, between convolutions that see what is near.

Paper: MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer (Mehta and Rastegari, 2022),
https://arxiv.org/abs/2110.02178
As in the paper's release and in timm, a map that patches do not divide is resized to whole patches and back, bilinearly;
both are exact where they divide it, so there is no test of it and one graph serves every size.
"""

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, LayerNorm, SiLU
from models.basicblocks.base import Block
from models.basicblocks.conv import ConvNormAct
from models.basicblocks.transformer import EncoderBlock
from models.functional import resize_like


class MobileViTBlock(Block):
    """Each place attends to the places that have its position in all other patches; the result is fused with the input.

    Args:
        in_channels: of the map and of the result.
        width: channels of the tokens.
        depth: blocks of the transformer.
        num_heads: of their attention; it divides ``width``.
        patch: side of the square patches.
        norm: class of the convolutions' normalization, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: int = 48,
        width: int = 64,
        depth: int = 2,
        num_heads: int = 4,
        patch: int = 2,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__()
        self.in_channels, self.patch = in_channels, patch
        self.conv_kxk = ConvNormAct(in_channels=in_channels, out_channels=in_channels, norm=norm, act=act)
        self.conv_1x1 = Conv2d(in_channels, width, 1, bias=False)
        self.transformer = Sequential(
            *[
                EncoderBlock(channels=width, num_heads=num_heads, hidden=2 * width, eps=1e-5, act=act)
                for _ in range(depth)
            ]
        )
        self.norm = LayerNorm(width)
        self.conv_proj = ConvNormAct(in_channels=width, out_channels=in_channels, kernel_size=1, norm=norm, act=act)
        self.conv_fusion = ConvNormAct(in_channels=2 * in_channels, out_channels=in_channels, norm=norm, act=act)

    def attend(self, x: Tensor) -> Tensor:
        """The transformer over the map ``(N, width, H, W)``, for each position in a patch by itself."""
        n, c, height, width = x.shape
        p = self.patch
        rows, columns = (-(-size // p) for size in (height, width))
        y = F.interpolate(x, size=(p * rows, p * columns), mode="bilinear", align_corners=False)
        y = F.permute(F.reshape(y, (n, c, rows, p, columns, p)), (0, 3, 5, 2, 4, 1))
        y = self.norm(self.transformer(F.reshape(y, (n * p * p, rows * columns, c))))  # each patch one token
        y = F.permute(F.reshape(y, (n, p, p, rows, columns, c)), (0, 5, 3, 1, 4, 2))
        return resize_like(F.reshape(y, (n, c, p * rows, p * columns)), x)

    def forward(self, x: Tensor) -> Tensor:
        y = self.attend(self.conv_1x1(self.conv_kxk(x)))  # (N, width, H, W)
        return self.conv_fusion(F.cat([x, self.conv_proj(y)], dim=1))  # (N, in_channels, H, W)
