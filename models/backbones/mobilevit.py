"""MobileViT: the inverted residuals of MobileNetV2, and a small transformer at each of the three coarsest resolutions.

Paper: MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer (Mehta and Rastegari, 2022),
https://arxiv.org/abs/2110.02178
Built of the blocks that other networks here have, so its parameter names are theirs; ``key_maps`` takes timm's.
"""

from typing import Any, ClassVar

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, SiLU
from models.backbones.base import Backbone
from models.basicblocks import ConvNormAct, InvertedResidual, MobileViTBlock

#: Blocks of the transformers in the three last stages.
DEPTHS = (2, 4, 3)


class MobileViT(Backbone):
    """Stem, five stages, and a wide 1x1 convolution; the features are the stages' maps, the last one widened.

    Args:
        channels: of each stage's map.
        widths: channels of the tokens in the three last stages.
        expansion: how much wider the inverted residuals are inside.
        last: channels of the last convolution.
        in_channels: of the image.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: ``channels`` are not of five stages, or ``widths`` not of three.
    """

    #: Names of timm's checkpoints.
    key_maps: ClassVar = {
        "timm": (
            (r"^(stem|final_conv)\.conv\.", r"\1.0."),
            (r"^(stem|final_conv)\.bn\.", r"\1.1."),
            (r"^head\.fc\.", "head."),
            (r"\.conv1_1x1\.conv\.", ".conv.0.0."),
            (r"\.conv1_1x1\.bn\.", ".conv.0.1."),
            (r"\.conv2_kxk\.conv\.", ".conv.1.0."),
            (r"\.conv2_kxk\.bn\.", ".conv.1.1."),
            (r"\.conv3_1x1\.conv\.", ".conv.2."),
            (r"\.conv3_1x1\.bn\.", ".conv.3."),
            (r"\.(conv_kxk|conv_proj|conv_fusion)\.conv\.", r".\1.0."),
            (r"\.(conv_kxk|conv_proj|conv_fusion)\.bn\.", r".\1.1."),
            (r"\.transformer\.(\d+)\.norm(\d)\.", r".transformer.\1.ln_\2."),
            (r"\.attn\.qkv\.", ".self_attention.in_proj_"),
            (r"\.attn\.proj\.", ".self_attention.out_proj."),
            (r"\.mlp\.fc1\.", ".mlp.0."),
            (r"\.mlp\.fc2\.", ".mlp.3."),
        )
    }

    def __init__(
        self,
        *,
        channels: tuple[int, ...] = (32, 64, 96, 128, 160),
        widths: tuple[int, ...] = (144, 192, 240),
        expansion: int = 4,
        last: int = 640,
        in_channels: int = 3,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        if len(channels) != 5 or len(widths) != 3:
            raise ValueError(
                f"{type(self).__name__}: five channels and three widths are needed, got {channels}, {widths}"
            )
        super().__init__()
        self.in_channels = in_channels
        self.channels, self.strides = (*channels[:-1], last), (2, 4, 8, 16, 32)
        options: dict[str, Any] = {"norm": norm, "act": act}
        self.stem = ConvNormAct(in_channels=in_channels, out_channels=16, stride=2, **options)
        stages, before = [], 16
        for i, after in enumerate(channels):
            blocks: list[Module] = []
            for j in range(3 if i == 1 else 1):
                stride = 2 if i > 0 and j == 0 else 1
                blocks.append(
                    InvertedResidual(
                        in_channels=before, out_channels=after, stride=stride, expansion=expansion, **options
                    )
                )
                before = after
            if i > 1:
                blocks.append(MobileViTBlock(in_channels=after, width=widths[i - 2], depth=DEPTHS[i - 2], **options))
            stages.append(Sequential(*blocks))
        self.stages = Sequential(*stages)
        self.final_conv = ConvNormAct(in_channels=before, out_channels=last, kernel_size=1, **options)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 16, H/2, W/2)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)  # (N, C, H/2, W/2), then each half as large as the one before
        maps[-1] = self.final_conv(x)
        return maps  # (N, channels[i], H/strides[i], W/strides[i])


class MobileViTXXS(MobileViT):
    """The smallest; parameters as for :class:`MobileViT`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = SiLU) -> None:
        super().__init__(
            channels=(16, 24, 48, 64, 80),
            widths=(64, 80, 96),
            expansion=2,
            last=320,
            in_channels=in_channels,
            norm=norm,
            act=act,
        )


class MobileViTS(MobileViT):
    """The paper's "small"; parameters as for :class:`MobileViT`."""

    def __init__(self, *, in_channels: int = 3, norm: type[Module] = BatchNorm2d, act: type[Module] = SiLU) -> None:
        super().__init__(in_channels=in_channels, norm=norm, act=act)
