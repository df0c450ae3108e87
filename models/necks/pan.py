"""Path aggregation: a feature pyramid, and a second path from fine to coarse that carries exact places up in few steps.

Paper: Path Aggregation Network for Instance Segmentation (Liu et al., 2018), https://arxiv.org/abs/1803.01534
The pyramid is :class:`~models.necks.fpn.FPN`, with its bilinear resizing. A path that loses a row or column at an odd size
is resized to the map it joins.
"""

from collections.abc import Sequence
from itertools import pairwise

from mcore.module import Module, ModuleList
from mcore.tensor import Tensor
from models import ReLU
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.necks.base import Neck
from models.necks.fpn import FPN


class PAN(Neck):
    """An FPN; then, from its finest map on, a strided 3x3 convolution, the sum with the next map, and a 3x3 convolution.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; of those that are used, each divides the next.
        out_channels: of every map that it gives.
        finest: maps of a smaller stride are left out; the paper leaves out the stem's.
        norm: class, called with the number of channels, for the second path; ``None`` for biases, as in the paper.
        act: class, called without arguments, for the second path.

    Raises:
        ValueError: the features are not described from fine to coarse, a stride does not divide the next, or none is as
            coarse as ``finest``.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        in_strides: Sequence[int] = (4, 8, 16, 32),
        out_channels: int = 256,
        finest: int = 4,
        norm: type[Module] | None = None,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__()
        self.fpn = FPN(in_channels=in_channels, in_strides=in_strides, out_channels=out_channels, finest=finest)
        self.in_channels, self.in_strides = self.fpn.in_channels, self.fpn.in_strides
        self.channels, self.strides = self.fpn.channels, self.fpn.strides
        steps = list(pairwise(self.strides))
        if any(b % a for a, b in steps):
            raise ValueError(f"PAN: each stride divides the next, got strides {self.strides}")

        def conv(stride: int) -> Module:
            return ConvNormAct(in_channels=out_channels, out_channels=out_channels, stride=stride, norm=norm, act=act)

        self.down = ModuleList([conv(b // a) for a, b in steps])
        self.output = ModuleList([conv(1) for _ in steps])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        first, *others = self.fpn(features)  # (N, out_channels, H/s, W/s) each
        maps = [first]
        for down, output, x in zip(self.down, self.output, others, strict=True):
            maps.append(output(x + resize_like(down(maps[-1]), x)))
        return maps
