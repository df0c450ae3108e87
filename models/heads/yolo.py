"""The heads of YOLOv3 and YOLOv4: at each of three scales, boxes relative to three anchors, by a 3x3 and a 1x1 convolution.

Papers: YOLOv3: An Incremental Improvement (Redmon and Farhadi, 2018), https://arxiv.org/abs/1804.02767; YOLOv4: Optimal Speed
and Accuracy of Object Detection (Bochkovskiy et al., 2020), https://arxiv.org/abs/2004.10934
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor, tensor
from models import BatchNorm2d, Conv2d
from models.basicblocks import ConvBnAct
from models.basicblocks.dark import DarkLeakyReLU
from models.functional import cells, corners, places
from models.heads.detection import DetectionHead

Anchors = Sequence[Sequence[tuple[float, float]]]

#: Widths and heights in pixels, of the finest scale first: the papers' for COCO.
YOLOV3_ANCHORS = (((10, 13), (16, 30), (33, 23)), ((30, 61), (62, 45), (59, 119)), ((116, 90), (156, 198), (373, 326)))
YOLOV4_ANCHORS = (((12, 16), (19, 36), (40, 28)), ((36, 75), (76, 55), (72, 146)), ((142, 110), (192, 243), (459, 401)))


class YOLOv3Head(DetectionHead):
    """Raw maps ``stride_8``, ``stride_16``, ... of ``(N, A * (5 + num_classes), H/s, W/s)``.

    The channels of an anchor are x, y, width, height, whether there is an object, and a logit for each class.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; as many of the last ones predict as there are scales of anchors.
        num_classes: kinds of objects.
        anchors: for each scale, finest first, widths and heights in pixels.
        stretch: for each scale, how much further than its cell the centre of a box may lie: 1 reaches to the cell's borders.
        decoded: give boxes and scores in place of raw maps.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or are fewer than the scales of anchors; there are
            not as many anchors at each scale, or not as many stretches as scales.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (128, 256, 512),
        in_strides: Sequence[int] = (8, 16, 32),
        num_classes: int = 80,
        anchors: Anchors = YOLOV3_ANCHORS,
        stretch: Sequence[float] = (1.0, 1.0, 1.0),
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = DarkLeakyReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        name, scales = type(self).__name__, len(anchors)
        if not 1 <= scales <= len(self.in_channels):
            raise ValueError(f"{name}: {len(self.in_channels)} features cannot have {scales} scales of anchors")
        if len({len(sizes) for sizes in anchors}) != 1 or not anchors[0]:
            raise ValueError(f"{name}: each scale has as many anchors, got {[len(sizes) for sizes in anchors]}")
        if len(stretch) != scales:
            raise ValueError(f"{name}: {scales} scales need as many stretches, got {tuple(stretch)}")
        self.num_classes, self.decoded, self.stretch = num_classes, decoded, tuple(stretch)
        self.strides = self.in_strides[-scales:]
        self.anchors = tuple(tuple((w, h) for w, h in sizes) for sizes in anchors)
        self.columns = 5 + num_classes
        self.scales = ModuleList(
            [
                Sequential(
                    ConvBnAct(in_channels=c, out_channels=2 * c, norm=norm, act=act),
                    Conv2d(2 * c, len(anchors[0]) * self.columns, 1),
                )
                for c in self.in_channels[-scales:]
            ]
        )

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        used = features[-len(self.scales) :]
        return {f"stride_{s}": scale(x) for s, scale, x in zip(self.strides, self.scales, used, strict=True)}

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        boxes, scores = [], []
        scales = zip(predictions.values(), self.strides, self.anchors, self.stretch, strict=True)
        for x, stride, sizes, stretch in scales:
            found = cells(x, self.columns)  # (N, H*W, A, 5 + classes)
            place, size, there, kinds = F.split(found, [2, 2, 1, self.num_classes], dim=-1)
            inside = F.sigmoid(place) * stretch - (stretch - 1) / 2  # of the cell, from its upper left corner
            centres = inside * stride + F.unsqueeze(places(x, stride, 0.0), 1)  # (N, H*W, A, 2)
            around = corners(centres, F.exp(size) * tensor(sizes, device=x.device))
            boxes.append(F.flatten(around, 1, 2))
            scores.append(F.flatten(F.sigmoid(there) * F.sigmoid(kinds), 1, 2))
        return {"boxes": F.cat(boxes, dim=1), "scores": F.cat(scores, dim=1)}


class YOLOv4Head(YOLOv3Head):
    """YOLOv3's head, where the centre of a box may lie beyond its cell, so that it can reach the borders."""

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (128, 256, 512),
        in_strides: Sequence[int] = (8, 16, 32),
        num_classes: int = 80,
        anchors: Anchors = YOLOV4_ANCHORS,
        stretch: Sequence[float] = (1.2, 1.1, 1.05),
        decoded: bool = False,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = DarkLeakyReLU,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            in_strides=in_strides,
            num_classes=num_classes,
            anchors=anchors,
            stretch=stretch,
            decoded=decoded,
            norm=norm,
            act=act,
        )
