"""Object-contextual representations: a pixel is scored from itself and from the classes' regions that it resembles.

Paper: Object-Contextual Representations for Semantic Segmentation (Yuan et al., 2020), https://arxiv.org/abs/1909.11065
As the authors' release for HRNet: all maps are resized to the finest and joined. The scores of the soft regions, which
training also learns from, are not handed out.
"""

from collections.abc import Sequence

import mcore.functional as F
from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, Conv2d, Dropout2d, ReLU
from models.basicblocks import ConvNormAct
from models.functional import join_at_finest
from models.heads.base import Head


class OCRHead(Head):
    """Scores of the classes at the resolution of the finest map that is used; the defaults are for HRNet-W48.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps.
        num_classes: channels of the scores, and soft regions.
        width: channels that a pixel has.
        key_width: channels that pixels and regions are compared in.
        finest: maps of a smaller stride are not used.
        dropout: share of the channels before the scores that training drops.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or none is as coarse as ``finest``.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (48, 96, 192, 384),
        in_strides: Sequence[int] = (4, 8, 16, 32),
        num_classes: int = 19,
        width: int = 512,
        key_width: int = 256,
        finest: int = 4,
        dropout: float = 0.05,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        used = [c for c, s in zip(in_channels, in_strides, strict=True) if s >= finest]
        if not used:
            raise ValueError(f"OCRHead: no map has a stride of {finest} or more, got strides {self.in_strides}")
        self.output_stride = in_strides[-len(used)]
        self.used, joined = len(used), sum(used)

        def conv(before: int, after: int) -> ConvNormAct:
            return ConvNormAct(in_channels=before, out_channels=after, kernel_size=1, norm=norm, act=act)

        self.pixels = Sequential(Conv2d(joined, width, 3, padding=1), norm(width), act())
        self.regions = Sequential(Conv2d(joined, joined, 1), norm(joined), act(), Conv2d(joined, num_classes, 1))
        self.query = Sequential(conv(width, key_width), conv(key_width, key_width))
        self.key = Sequential(conv(width, key_width), conv(key_width, key_width))
        self.value = conv(width, key_width)
        self.context = conv(key_width, width)
        self.fuse = Sequential(*conv(2 * width, width), Dropout2d(dropout))
        self.score = Conv2d(width, num_classes, 1)
        self.scale = key_width**-0.5

    def forward(self, features: list[Tensor]) -> Tensor:
        joined = join_at_finest(features[-self.used :])  # (N, sum of C, H/4, W/4)
        pixels = self.pixels(joined)  # (N, width, H/4, W/4)
        regions = self._regions(pixels, self.regions(joined))  # (N, width, K, 1)

        query = self.query(pixels)  # (N, key_width, H/4, W/4)
        key, value = (F.flatten(f(regions), 2) for f in (self.key, self.value))  # (N, key_width, K)
        alike = F.matmul(F.transpose(F.flatten(query, 2), 1, 2), key) * self.scale  # (N, HW/16, K)
        context = F.matmul(value, F.transpose(F.softmax(alike, dim=2), 1, 2))  # (N, key_width, HW/16)
        context = self.context(F.reshape(context, query.shape))  # (N, width, H/4, W/4)
        return self.score(self.fuse(F.cat([context, pixels], dim=1)))  # (N, num_classes, H/4, W/4)

    def _regions(self, pixels: Tensor, scores: Tensor) -> Tensor:
        """Of each class, the mean of the pixels, weighted by how much each one's score says that it is of it."""
        weights = F.softmax(F.flatten(scores, 2), dim=2)  # (N, K, HW/16)
        means = F.matmul(F.flatten(pixels, 2), F.transpose(weights, 1, 2))  # (N, width, K)
        return F.unsqueeze(means, 3)
