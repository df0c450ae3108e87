"""SegFormer: scores of each class at each pixel, by a transformer in four stages and a head of linear layers.

Paper: SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers (Xie et al., 2021),
https://arxiv.org/abs/2105.15203
"""

from collections.abc import Sequence
from typing import ClassVar

from models.backbones import MiTB0, MiTB1
from models.heads import SegFormerHead
from models.networks.pixelwise import PixelwiseNetwork

#: Pairs of a pattern and its replacement.
KeyMap = tuple[tuple[str, str | None], ...]


def _released(backbone: Sequence[tuple[str, str]]) -> KeyMap:
    """From the names of the paper's release to those here, given what that is for a backbone by itself."""
    return (
        *((pattern.replace("^", r"^backbone\.", 1), f"backbone.{own}") for pattern, own in backbone),
        (r"^decode_head\.conv_seg\.", None),
        *((rf"^decode_head\.linear_c{i + 1}\.proj\.", f"head.project.{i}.") for i in range(4)),
        (r"^decode_head\.linear_fuse\.conv\.", "head.fuse.0."),
        (r"^decode_head\.linear_fuse\.bn\.", "head.fuse.1."),
        (r"^decode_head\.linear_pred\.", "head.score."),
    )


class SegFormerB0(PixelwiseNetwork):
    """The smallest, 3.8 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
    """

    key_maps: ClassVar = {"segformer": _released(MiTB0.key_maps["segformer"])}

    def __init__(self, *, in_channels: int = 3, num_classes: int = 150) -> None:
        backbone = MiTB0(in_channels=in_channels)
        head = SegFormerHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)


class SegFormerB1(PixelwiseNetwork):
    """Twice as wide, 13.7 million parameters.

    Args:
        in_channels: of the image.
        num_classes: channels of the scores.
    """

    key_maps: ClassVar = {"segformer": _released(MiTB1.key_maps["segformer"])}

    def __init__(self, *, in_channels: int = 3, num_classes: int = 150) -> None:
        backbone = MiTB1(in_channels=in_channels)
        head = SegFormerHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=num_classes)
        super().__init__(backbone=backbone, head=head)
