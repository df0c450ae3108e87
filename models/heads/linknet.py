"""LinkNet's decoder over any backbone: each step up is narrow inside, and the finer map is added, not concatenated.

Paper: LinkNet: Exploiting Encoder Representations for Efficient Semantic Segmentation (Chaurasia and Culurciello, 2017),
https://arxiv.org/abs/1707.03718
At odd sizes, which have no exact half, a map is resized to the one that is added.
"""

from collections.abc import Sequence

from mcore.module import Module, ModuleList, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ConvTranspose2d, ReLU
from models.basicblocks import ConvNormAct
from models.functional import resize_like
from models.heads.base import Head

#: Maps of a smaller stride are not used: two transposed convolutions follow after the finest.
FINEST = 4


class LinkNetDecoder(Head):
    """Scores of the classes at four times the resolution of the finest map that is used, that of stride 4.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; those of a stride below 4 are not used.
        num_classes: channels of the scores.
        width: channels between the two transposed convolutions at the end.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or none has a stride of 4 or more.
    """

    task = "segmentation"

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (64, 64, 128, 256, 512),
        in_strides: Sequence[int] = (2, 4, 8, 16, 32),
        num_classes: int = 21,
        width: int = 32,
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        super().__init__(in_channels, in_strides)
        used = [(c, s) for c, s in zip(in_channels, in_strides, strict=True) if s >= FINEST]
        if not used:
            raise ValueError(f"LinkNetDecoder: no map has a stride of {FINEST} or more, got strides {self.in_strides}")
        channels, strides = zip(*used, strict=True)
        self.output_stride = strides[0] // FINEST
        below, above = channels[::-1], (*channels[-2::-1], channels[0])
        doubled = (*(b > a for a, b in zip(strides[-2::-1], strides[::-1], strict=False)), False)
        self.up = ModuleList([_step(i, o, d, norm, act) for i, o, d in zip(below, above, doubled, strict=True)])
        self.final = Sequential(
            *_doubling(channels[0], width, norm, act),
            ConvNormAct(in_channels=width, out_channels=width, norm=norm, act=act),
            ConvTranspose2d(width, num_classes, 2, 2),
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        *steps, last = self.up
        skips = features[: -len(steps) - 2 : -1]  # from coarse to fine
        x = skips[0]
        for step, skip in zip(steps, skips[1:], strict=True):
            x = skip + resize_like(step(x), skip)  # (N, C, H/s, W/s)
        return self.final(last(x))  # (N, num_classes, 4H/s, 4W/s)


def _doubling(in_channels: int, out_channels: int, norm: type[Module], act: type[Module]) -> tuple[Module, ...]:
    """The 3x3 transposed convolution that the paper calls full."""
    return ConvTranspose2d(in_channels, out_channels, 3, 2, 1, 1, bias=False), norm(out_channels), act()


def _step(in_channels: int, out_channels: int, doubled: bool, norm: type[Module], act: type[Module]) -> Sequential:
    """A quarter of the width by a 1x1 convolution, doubled or at the same size convolved, and out by another one."""
    width = max(1, in_channels // 4)
    middle = (
        _doubling(width, width, norm, act)
        if doubled
        else ConvNormAct(in_channels=width, out_channels=width, norm=norm, act=act)
    )
    return Sequential(
        ConvNormAct(in_channels=in_channels, out_channels=width, kernel_size=1, norm=norm, act=act),
        *middle,
        ConvNormAct(in_channels=width, out_channels=out_channels, kernel_size=1, norm=norm, act=act),
    )
