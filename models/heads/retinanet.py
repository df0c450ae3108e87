"""RetinaNet's head: two towers of convolutions, for classes and for boxes, that all levels share; nine anchors at each place.

Paper: Focal Loss for Dense Object Detection (Lin et al., 2017), https://arxiv.org/abs/1708.02002
Parameter names are torchvision's, and so are the anchors: their sides are whole, and they lie at the corner of their cell, not
at its centre.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.init import normal_, zeros_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import ReLU
from models.basicblocks import ConvNormAct
from models.functional import anchor_rows, moved, rows
from models.heads.detection import logit_of_prior
from models.heads.towers import TowerHead, predictor


class RetinaNetHead(TowerHead):
    """``cls_logits`` of ``(N, K, num_classes)`` and ``bbox_regression`` of ``(N, K, 4)``, from fine to coarse.

    Args:
        in_channels: of the feature maps, all the same.
        in_strides: of the feature maps.
        num_classes: logits of each box; torchvision counts the background among them.
        sizes: of each level's anchors, the side of the smallest square.
        octave: anchors within each doubling of the size.
        ratios: of the height to the width of anchors.
        depth: convolutions of each tower.
        decoded: give boxes and scores in place of raw predictions.
        norm: class, called with the number of channels; ``None`` for biases, as in the paper.
        act: class, called without arguments.

    Raises:
        ValueError: the description is not one of features of one width from fine to coarse, or has not as many as ``sizes``.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 256, 256, 256, 256),
        in_strides: Sequence[int] = (8, 16, 32, 64, 128),
        num_classes: int = 91,
        sizes: Sequence[int] = (32, 64, 128, 256, 512),
        octave: int = 3,
        ratios: Sequence[float] = (0.5, 1.0, 2.0),
        depth: int = 4,
        decoded: bool = False,
        norm: type[Module] | None = None,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        if len(sizes) != len(self.in_strides):
            raise ValueError(f"RetinaNetHead: {len(self.in_strides)} features need as many sizes, got {tuple(sizes)}")
        self.num_classes, self.decoded = num_classes, decoded
        self.anchors = tuple(_anchors(size, octave, ratios) for size in sizes)
        channels, count = self.in_channels[0], octave * len(ratios)
        self.classification_head = _Tower(channels, depth, norm, act)
        self.classification_head.cls_logits = predictor(channels, count * num_classes, bias=logit_of_prior())
        self.regression_head = _Tower(channels, depth, norm, act)
        self.regression_head.bbox_reg = predictor(channels, count * 4)

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        classes, boxes = self.classification_head, self.regression_head
        logits = [rows(classes.cls_logits(classes(x)), self.num_classes) for x in features]
        changes = [rows(boxes.bbox_reg(boxes(x)), 4) for x in features]
        return {"cls_logits": F.cat(logits, dim=1), "bbox_regression": F.cat(changes, dim=1)}

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        anchors = anchor_rows(features, self.strides, self.anchors, 0.0)
        return {
            "boxes": moved(predictions["bbox_regression"], *anchors),
            "scores": F.sigmoid(predictions["cls_logits"]),
        }


class _Tower(Module):
    def __init__(self, channels: int, depth: int, norm: type[Module] | None, act: type[Module]) -> None:
        super().__init__()
        self.conv = Sequential(
            *(ConvNormAct(in_channels=channels, out_channels=channels, norm=norm, act=act) for _ in range(depth))
        )
        for layer in self.conv:
            normal_(layer[0].weight, 0.0, 0.01)
            if layer[0].bias is not None:
                zeros_(layer[0].bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)  # (N, channels, H, W)


def _anchors(size: int, octave: int, ratios: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Widths and heights; half of a side is a whole number of pixels."""
    sides = [int(size * 2 ** (i / octave)) for i in range(octave)]
    shapes = [(side / ratio**0.5, side * ratio**0.5) for ratio in ratios for side in sides]
    return tuple((2.0 * round(w / 2), 2.0 * round(h / 2)) for w, h in shapes)
