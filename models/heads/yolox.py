"""YOLOX's head: classes and boxes have convolutions of their own, and a place has one box, without anchors.

Paper: YOLOX: Exceeding YOLO Series in 2021 (Ge et al., 2021), https://arxiv.org/abs/2107.08430
Parameter names are those of the authors' release.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.init import constant_
from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import Conv2d, SiLU
from models.backbones.csp_darknet import YOLOXBatchNorm2d, draw_convolutions
from models.basicblocks import ConvBnAct
from models.functional import corners, places, rows
from models.heads.detection import DetectionHead, logit_of_prior


class YOLOXHead(DetectionHead):
    """Raw maps ``stride_8``, ``stride_16``, ... of ``(N, 5 + num_classes, H/s, W/s)``.

    The channels are x, y, width, height, whether there is an object, and a logit for each class.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: kinds of objects.
        width: channels of all convolutions.
        decoded: give boxes and scores in place of raw maps.
        norm: class, called with the number of channels.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (128, 256, 512),
        in_strides: Sequence[int] = (8, 16, 32),
        num_classes: int = 80,
        width: int = 128,
        decoded: bool = False,
        norm: type[Module] = YOLOXBatchNorm2d,
        act: type[Module] = SiLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.num_classes, self.decoded, self.strides = num_classes, decoded, self.in_strides

        def conv(before: int, kernel_size: int) -> ConvBnAct:
            return ConvBnAct(in_channels=before, out_channels=width, kernel_size=kernel_size, norm=norm, act=act)

        def towers() -> ModuleList:
            return ModuleList([Sequential(conv(width, 3), conv(width, 3)) for _ in self.strides])

        def predictors(channels: int) -> ModuleList:
            return ModuleList([Conv2d(width, channels, 1) for _ in self.strides])

        self.cls_convs, self.reg_convs = towers(), towers()
        self.cls_preds, self.reg_preds, self.obj_preds = predictors(num_classes), predictors(4), predictors(1)
        self.stems = ModuleList([conv(c, 1) for c in self.in_channels])
        draw_convolutions(self)
        for layer in (*self.cls_preds, *self.obj_preds):
            constant_(layer.bias, logit_of_prior())

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        found = {}
        for i, (x, stride) in enumerate(zip(features, self.strides, strict=True)):
            x = self.stems[i](x)  # (N, width, H/s, W/s)
            kinds = self.cls_preds[i](self.cls_convs[i](x))
            x = self.reg_convs[i](x)
            found[f"stride_{stride}"] = F.cat([self.reg_preds[i](x), self.obj_preds[i](x), kinds], dim=1)
        return found

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        boxes, scores = [], []
        for x, stride in zip(predictions.values(), self.strides, strict=True):
            place, size, there, kinds = F.split(rows(x, 5 + self.num_classes), [2, 2, 1, self.num_classes], dim=-1)
            boxes.append(corners(place * stride + places(x, stride, 0.0), F.exp(size) * stride))
            scores.append(F.sigmoid(there) * F.sigmoid(kinds))
        return {"boxes": F.cat(boxes, dim=1), "scores": F.cat(scores, dim=1)}
