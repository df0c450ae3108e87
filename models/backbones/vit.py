"""ViT: an image cut into patches, each a token, and a transformer encoder over all of them and a class token.

Paper: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale (Dosovitskiy et al., 2021),
https://arxiv.org/abs/2010.11929
Parameter names are torchvision's; ``key_maps`` takes timm's. The position embedding is resized to the image's grid,
bicubically, so that any multiple of the patch is legal; at its own size it is left exactly as it is. The tiny and small
sizes are those of DeiT (Touvron et al., 2021, https://arxiv.org/abs/2012.12877).
"""

from typing import Any, ClassVar

import mcore.functional as F
from mcore.init import normal_, trunc_normal_
from mcore.module import Module, ModuleDict
from mcore.sampling import Sampling
from mcore.tensor import Parameter, Tensor
from models import GELU, Conv2d, Dropout, LayerNorm
from models.backbones.base import Backbone
from models.basicblocks.transformer import EncoderBlock, to_map, to_tokens


class Encoder(Module):
    """Position embedding, blocks, and a last normalization.

    Args:
        grid: rows and columns of patches that the position embedding is made for.
        prefix: tokens before those of the patches.
        width: channels of the tokens.
        depth: blocks.
        num_heads: of each block's attention.
        taps: numbers of the blocks, from 1 to ``depth``, after which tokens are handed out.
        dropout: share of the values that training drops.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        grid: tuple[int, int] = (14, 14),
        prefix: int = 1,
        width: int = 192,
        depth: int = 12,
        num_heads: int = 3,
        taps: tuple[int, ...] = (12,),
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__()
        self.grid, self.prefix, self.taps = grid, prefix, taps
        self.pos_embedding = Parameter(F.zeros(1, prefix + grid[0] * grid[1], width))
        self.dropout = Dropout(dropout)
        blocks = (
            EncoderBlock(channels=width, num_heads=num_heads, hidden=4 * width, dropout=dropout, act=act)
            for _ in range(depth)
        )
        self.layers = ModuleDict({f"encoder_layer_{i}": block for i, block in enumerate(blocks)})
        self.ln = LayerNorm(width, eps=1e-6)

    def positions(self, patches: Tensor) -> Tensor:
        """The position embedding for the grid of the map ``patches``."""
        prefix, places = self.pos_embedding[:, : self.prefix], self.pos_embedding[:, self.prefix :]
        places = F.unflatten(F.transpose(places, 1, 2), 2, self.grid)  # (1, C, rows, columns)
        places = F.interpolate(places, size=patches.shape[-2:], mode="bicubic", align_corners=False)
        return F.cat([prefix, to_tokens(places)], dim=1)  # (1, prefix + H/16 * W/16, C)

    def forward(self, prefix: Tensor, patches: Tensor) -> list[Tensor]:
        x = F.cat([prefix, to_tokens(patches)], dim=1)  # (N, prefix + H/16 * W/16, C)
        x = self.dropout(x + self.positions(patches))
        tapped = []
        for number, block in enumerate(self.layers.values(), start=1):
            x = block(x)
            if number in self.taps:
                tapped.append(x)
        return [*tapped[:-1], self.ln(tapped[-1])]


class ViT(Backbone):
    """The features are the patches' tokens as maps, after the last block, or after several; all of one stride.

    Args:
        patch: side of the square patches.
        width: channels of the tokens.
        depth: blocks.
        num_heads: of each block's attention.
        distilled: have a second token before the patches, for DeiT's distillation.
        taps: numbers of the blocks, from 1, after which maps are handed out; the last one is ``depth``, and is normalised.
        image_size: height and width that the position embedding is made for.
        in_channels: of the image.
        dropout: share of the values that training drops in each block.
        act: class, called without arguments.

    Raises:
        ValueError: ``taps`` do not rise to ``depth``, or the patch does not divide ``image_size``.
    """

    #: Names of timm's checkpoints.
    key_maps: ClassVar = {
        "timm": (
            (r"^cls_token$", "class_token"),
            (r"^pos_embed$", "encoder.pos_embedding"),
            (r"^patch_embed\.proj\.", "conv_proj."),
            (r"^norm\.", "encoder.ln."),
            (r"^(head|head_dist)\.", r"heads.\1."),
            (r"^blocks\.(\d+)\.norm(\d)\.", r"encoder.layers.encoder_layer_\1.ln_\2."),
            (r"^blocks\.(\d+)\.attn\.qkv\.", r"encoder.layers.encoder_layer_\1.self_attention.in_proj_"),
            (r"^blocks\.(\d+)\.attn\.proj\.", r"encoder.layers.encoder_layer_\1.self_attention.out_proj."),
            (r"^blocks\.(\d+)\.mlp\.fc1\.", r"encoder.layers.encoder_layer_\1.mlp.0."),
            (r"^blocks\.(\d+)\.mlp\.fc2\.", r"encoder.layers.encoder_layer_\1.mlp.3."),
        )
    }

    def __init__(
        self,
        *,
        patch: int = 16,
        width: int = 192,
        depth: int = 12,
        num_heads: int = 3,
        distilled: bool = False,
        taps: tuple[int, ...] = (12,),
        image_size: tuple[int, int] = (224, 224),
        in_channels: int = 3,
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        name = type(self).__name__
        if not taps or taps[0] < 1 or taps[-1] != depth or list(taps) != sorted(set(taps)):
            raise ValueError(f"{name}: taps rise from 1 or more to the last block, {depth}, got {taps}")
        if image_size[0] % patch or image_size[1] % patch:
            raise ValueError(f"{name}: image_size is of multiples of {patch}, got {image_size}")
        super().__init__()
        self.in_channels, self.patch = in_channels, patch
        self.channels = (width,) * len(taps)
        self.strides = (patch,) * len(taps)
        self.class_token = Parameter(F.zeros(1, 1, width))
        self.dist_token = Parameter(F.zeros(1, 1, width)) if distilled else None
        self.conv_proj = Conv2d(in_channels, width, patch, patch)
        trunc_normal_(self.conv_proj.weight, std=(in_channels * patch**2) ** -0.5)
        grid = (image_size[0] // patch, image_size[1] // patch)
        options: dict[str, Any] = {"taps": taps, "dropout": dropout, "act": act}
        self.encoder = Encoder(
            grid=grid, prefix=1 + distilled, width=width, depth=depth, num_heads=num_heads, **options
        )
        normal_(self.encoder.pos_embedding, std=0.02)

    @property
    def sampling(self) -> Sampling:
        steps = ((14, 14), (8, 12), (7, 9))
        sizes = [(rows * self.patch, columns * self.patch) for rows, columns in steps]
        return Sampling.image(self.in_channels, sizes, minimum=self.patch, multiple_of=self.patch)

    def encode(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Tokens after each tapped block, ``(N, prefix + H/16 * W/16, C)``, and the map of embedded patches."""
        patches = self.conv_proj(x)  # (N, C, H/16, W/16)
        prefix = self.class_token if self.dist_token is None else F.cat([self.class_token, self.dist_token], dim=1)
        return self.encoder(F.expand(prefix, (x.shape[0], -1, -1)), patches), patches

    def forward(self, x: Tensor) -> list[Tensor]:
        tapped, patches = self.encode(x)
        return [to_map(tokens[:, self.encoder.prefix :], patches) for tokens in tapped]  # (N, C, H/16, W/16) each


class ViTTiny16(ViT):
    """12 blocks of 192 channels and 3 heads; parameters as for :class:`ViT`."""

    def __init__(
        self,
        *,
        taps: tuple[int, ...] = (12,),
        image_size: tuple[int, int] = (224, 224),
        in_channels: int = 3,
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        super().__init__(taps=taps, image_size=image_size, in_channels=in_channels, dropout=dropout, act=act)


class ViTSmall16(ViT):
    """12 blocks of 384 channels and 6 heads; parameters as for :class:`ViT`."""

    def __init__(
        self,
        *,
        taps: tuple[int, ...] = (12,),
        image_size: tuple[int, int] = (224, 224),
        in_channels: int = 3,
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        options: dict[str, Any] = {"taps": taps, "image_size": image_size, "dropout": dropout, "act": act}
        super().__init__(width=384, num_heads=6, in_channels=in_channels, **options)


class ViTB16(ViT):
    """The paper's base network: 12 blocks of 768 channels and 12 heads; parameters as for :class:`ViT`."""

    def __init__(
        self,
        *,
        taps: tuple[int, ...] = (12,),
        image_size: tuple[int, int] = (224, 224),
        in_channels: int = 3,
        dropout: float = 0.0,
        act: type[Module] = GELU,
    ) -> None:
        options: dict[str, Any] = {"taps": taps, "image_size": image_size, "dropout": dropout, "act": act}
        super().__init__(width=768, num_heads=12, in_channels=in_channels, **options)
