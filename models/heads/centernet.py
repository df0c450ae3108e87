"""CenterNet's head: a map of the centres of objects, and at each centre the box's size and where within the place it is.

Paper: Objects as Points (Zhou et al., 2019), https://arxiv.org/abs/1904.07850
Parameter names are those of the authors' release.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.init import constant_
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import Conv2d, ReLU
from models.functional import corners, places, rows
from models.heads.detection import DetectionHead, logit_of_prior

#: How likely a centre is at a place, for the logits to start at.
PRIOR = 0.1


class CenterNetHead(DetectionHead):
    """``hm`` of ``(N, num_classes, H/s, W/s)``, logits of centres; ``wh`` and ``reg`` of ``(N, 2, H/s, W/s)``.

    ``wh`` is width and height, ``reg`` the offset of the centre to the right and down, both in places of the finest map, which
    is the one that predicts. Scores are those of places that are the best within 3x3, others are 0: so that boxes need no
    suppression but to be chosen by their scores.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: kinds of objects.
        width: channels within each of the three branches.
        decoded: give boxes and scores in place of raw predictions.
        act: class, called without arguments.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256,),
        in_strides: Sequence[int] = (4,),
        num_classes: int = 80,
        width: int = 64,
        decoded: bool = False,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        self.num_classes, self.decoded, self.strides = num_classes, decoded, self.in_strides[:1]

        def branch(out_channels: int) -> Sequential:
            conv = Conv2d(self.in_channels[0], width, 3, padding=1)
            return Sequential(conv, act(), Conv2d(width, out_channels, 1))

        self.hm, self.wh, self.reg = branch(num_classes), branch(2), branch(2)
        constant_(self.hm[-1].bias, logit_of_prior(PRIOR))

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        x = features[0]
        return {"hm": self.hm(x), "wh": self.wh(x), "reg": self.reg(x)}

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        stride = self.strides[0]
        likely = F.sigmoid(predictions["hm"])
        peaks = F.where(F.eq(likely, F.max_pool2d(likely, 3, 1, 1)), likely, 0.0)
        centres = places(likely, stride, 0.0) + rows(predictions["reg"], 2) * stride  # (N, H*W, 2)
        boxes = corners(centres, rows(predictions["wh"], 2) * stride)
        return {"boxes": boxes, "scores": rows(peaks, self.num_classes)}
