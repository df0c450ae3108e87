"""SSD's head: at each place of each map, by one 3x3 convolution each, classes and boxes relative to default boxes.

Paper: SSD: Single Shot MultiBox Detector (Liu et al., 2016), https://arxiv.org/abs/1512.02325
Parameter names are torchvision's. The finest map is normalized first, as in the paper, where it is VGG's fourth stage.
"""

from collections.abc import Sequence
from itertools import pairwise

import mcore.functional as F
from mcore.init import xavier_uniform_, zeros_
from mcore.module import Module, ModuleList
from mcore.sampling import Sampling
from mcore.tensor import Parameter, Tensor, tensor
from models import Conv2d
from models.functional import anchor_rows, moved, rows
from models.heads.detection import DetectionHead
from models.utils import COARSEST_SIZES, feature_inputs


class SSDHead(DetectionHead):
    """``cls_logits`` of ``(N, K, num_classes)`` and ``bbox_regression`` of ``(N, K, 4)``, from fine to coarse.

    The first class is the background, whose score is given as 0. ``strides`` are those of default boxes: the paper lets them
    fill the image, also where convolutions without padding make the last maps smaller than its size by their stride.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: logits of each box, the background among them.
        sizes: of each map's default boxes, the side of the smaller square in pixels, and one more: the larger square's side is
            the geometric mean of a map's and the next one's. The paper's for COCO at 300x300.
        ratios: for each map, of the long to the short side of its other default boxes, which come lying and upright.
        steps: for each map, how many pixels its default boxes are apart.
        side: of the images, no default box is longer.
        decoded: give boxes and scores in place of raw predictions.

    Raises:
        ValueError: the description is not one of features from fine to coarse, or there are not as many ratios and steps as
            features, and one size more.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (512, 1024, 512, 256, 256, 256),
        in_strides: Sequence[int] = (8, 16, 32, 64, 64, 64),
        num_classes: int = 91,
        sizes: Sequence[float] = (21, 45, 99, 153, 207, 261, 315),
        ratios: Sequence[Sequence[float]] = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,)),
        steps: Sequence[int] = (8, 16, 32, 64, 100, 300),
        side: int = 300,
        decoded: bool = False,
    ) -> None:
        super().__init__(in_channels, in_strides)
        maps = len(self.in_channels)
        if (len(sizes), len(ratios), len(steps)) != (maps + 1, maps, maps):
            raise ValueError(
                f"SSDHead: {maps} features need as many ratios and steps and one size more, "
                f"got {len(ratios)}, {len(steps)} and {len(sizes)}"
            )
        self.num_classes, self.decoded, self.strides = num_classes, decoded, tuple(steps)
        self.anchors = tuple(
            _default_boxes(size, after, each, side) for (size, after), each in zip(pairwise(sizes), ratios, strict=True)
        )
        self.scale_weight = Parameter(F.full((self.in_channels[0],), 20.0))
        self.classification_head = _Predictors(self.in_channels, [num_classes * len(a) for a in self.anchors])
        self.regression_head = _Predictors(self.in_channels, [4 * len(a) for a in self.anchors])

    @property
    def sampling(self) -> Sampling:
        return Sampling(feature_inputs(self.in_channels, self.in_strides), COARSEST_SIZES, minimum=1)

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        finest = F.normalize(features[0], dim=1) * F.reshape(self.scale_weight, (1, -1, 1, 1))
        maps = [finest, *features[1:]]
        logits = [rows(x, self.num_classes) for x in self.classification_head(maps)]
        changes = [rows(x, 4) for x in self.regression_head(maps)]
        return {"cls_logits": F.cat(logits, dim=1), "bbox_regression": F.cat(changes, dim=1)}

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        centres, sizes = anchor_rows(features, self.strides, self.anchors, 0.5)
        changes = predictions["bbox_regression"]
        changes = changes * tensor((0.1, 0.1, 0.2, 0.2), device=changes.device)  # the variances that they are told in
        scores = F.softmax(predictions["cls_logits"], dim=-1)
        scores = F.cat([F.zeros_like(scores[..., :1]), scores[..., 1:]], dim=-1)
        return {"boxes": moved(changes, centres, sizes), "scores": scores}


class _Predictors(Module):
    """A convolution for each map."""

    def __init__(self, in_channels: Sequence[int], out_channels: Sequence[int]) -> None:
        super().__init__()
        both = zip(in_channels, out_channels, strict=True)
        self.module_list = ModuleList([Conv2d(before, after, 3, padding=1) for before, after in both])
        for conv in self.module_list:
            xavier_uniform_(conv.weight)
            zeros_(conv.bias)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        return [conv(x) for conv, x in zip(self.module_list, maps, strict=True)]


def _default_boxes(size: float, after: float, ratios: Sequence[float], side: float) -> tuple[tuple[float, float], ...]:
    """Widths and heights: two squares, then a lying and an upright box of each ratio."""
    squares = [(size, size), ((size * after) ** 0.5,) * 2]
    lying = [(size * ratio**0.5, size / ratio**0.5) for ratio in ratios]
    boxes = squares + [box for w, h in lying for box in ((w, h), (h, w))]
    return tuple((min(w, side), min(h, side)) for w, h in boxes)
