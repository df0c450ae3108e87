"""FCOS's head: at each place the distances to a box's four sides, how central the place is in it, and classes; no anchors.

Papers: FCOS: Fully Convolutional One-Stage Object Detection (Tian et al., 2019), https://arxiv.org/abs/1904.01355; FCOS: A
Simple and Strong Anchor-free Object Detector (Tian et al., 2020), https://arxiv.org/abs/2006.09214
The second paper's: distances are in strides, by a rectifier, not an exponential, and the towers of the boxes say how central a
place is. Parameter names are torchvision's, and as there a place is the upper left corner of its cell, not its centre.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.init import normal_, zeros_
from mcore.module import Module, Sequential
from mcore.tensor import Parameter, Tensor
from models import Conv2d, GroupNorm, ReLU
from models.functional import places, rows
from models.heads.detection import logit_of_prior
from models.heads.towers import TowerHead, predictor


class GroupNorm32(GroupNorm):
    """Group normalization of 32 groups; the number of channels is a multiple of it."""

    def __init__(self, channels: int) -> None:
        super().__init__(32, channels)


class FCOSHead(TowerHead):
    """``cls_logits`` of ``(N, K, num_classes)``, ``bbox_regression`` of ``(N, K, 4)``, ``bbox_ctrness`` of ``(N, K, 1)``.

    Rows go from fine to coarse; distances are to the left, upper, right and lower side.

    Args:
        in_channels: of the feature maps, all the same.
        in_strides: of the feature maps.
        num_classes: logits of each box; torchvision counts the background among them.
        depth: convolutions of each tower.
        scaled: learn a factor of the distances for each level, as in the papers; torchvision has none.
        decoded: give boxes and scores in place of raw predictions.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the description is not one of features of one width from fine to coarse.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 256, 256, 256, 256),
        in_strides: Sequence[int] = (8, 16, 32, 64, 128),
        num_classes: int = 91,
        depth: int = 4,
        scaled: bool = True,
        decoded: bool = False,
        norm: type[Module] = GroupNorm32,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.num_classes, self.decoded = num_classes, decoded
        channels = self.in_channels[0]
        self.scales = Parameter(F.ones(len(self.in_strides))) if scaled else None
        self.classification_head = _Tower(channels, depth, norm, act)
        self.classification_head.cls_logits = predictor(channels, num_classes, bias=logit_of_prior())
        self.regression_head = _Tower(channels, depth, norm, act)
        self.regression_head.bbox_reg = predictor(channels, 4)
        self.regression_head.bbox_ctrness = predictor(channels, 1)

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        classes, boxes = self.classification_head, self.regression_head
        logits = [rows(classes.cls_logits(classes(x)), self.num_classes) for x in features]
        distances, central = [], []
        for level, x in enumerate(features):
            x = boxes(x)  # (N, channels, H/s, W/s)
            distance = boxes.bbox_reg(x)
            if self.scales is not None:
                distance = distance * self.scales[level]
            distances.append(rows(F.relu(distance), 4))
            central.append(rows(boxes.bbox_ctrness(x), 1))
        return {
            "cls_logits": F.cat(logits, dim=1),
            "bbox_regression": F.cat(distances, dim=1),
            "bbox_ctrness": F.cat(central, dim=1),
        }

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        levels = zip(features, self.strides, strict=True)
        grids = [places(x, stride, 0.0) for x, stride in levels]
        strides = [F.full_like(grid[:, :1], stride) for grid, stride in zip(grids, self.strides, strict=True)]
        centres, distances = F.cat(grids, dim=0), predictions["bbox_regression"] * F.cat(strides, dim=0)
        before, after = F.split(distances, 2, dim=-1)
        # The root of the product is as certain as either factor where both agree.
        scores = F.sqrt(F.sigmoid(predictions["cls_logits"]) * F.sigmoid(predictions["bbox_ctrness"]))
        return {"boxes": F.cat([centres - before, centres + after], dim=-1), "scores": scores}


class _Tower(Module):
    def __init__(self, channels: int, depth: int, norm: type[Module], act: type[Module]) -> None:
        super().__init__()
        layers: list[Module] = []
        for _ in range(depth):
            conv = Conv2d(channels, channels, 3, padding=1)
            normal_(conv.weight, 0.0, 0.01)
            zeros_(conv.bias)
            layers += [conv, norm(channels), act()]
        self.conv = Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)  # (N, channels, H, W)
