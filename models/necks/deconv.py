"""Three transposed convolutions that bring the coarsest map to a fine resolution.

Paper: Simple Baselines for Human Pose Estimation and Tracking (Xiao et al., 2018), https://arxiv.org/abs/1804.06208, whose
layers CenterNet (Zhou et al., 2019, https://arxiv.org/abs/1904.07850) takes for its ResNets.
"""

from collections.abc import Sequence

from mcore.module import Module, Sequential
from mcore.tensor import Tensor
from models import BatchNorm2d, ConvTranspose2d, ReLU
from models.necks.base import Neck
from models.utils import check_features


class DeconvNeck(Neck):
    """One map, of the coarsest: each 4x4 transposed convolution doubles its height and width.

    Args:
        in_channels: of the feature maps.
        in_strides: of the feature maps; ``2 ** len(widths)`` divides the last one.
        widths: channels after each transposed convolution.
        norm: class, called with the number of channels.
        act: class, called without arguments.

    Raises:
        ValueError: the features are not described from fine to coarse, or the last stride cannot be halved as often.
    """

    def __init__(
        self,
        *,
        in_channels: Sequence[int] = (512,),
        in_strides: Sequence[int] = (32,),
        widths: Sequence[int] = (256, 256, 256),
        norm: type[Module] = BatchNorm2d,
        act: type[Module] = ReLU,
    ) -> None:
        check_features("DeconvNeck", in_channels, in_strides)
        scale = 2 ** len(widths)
        if not widths or in_strides[-1] % scale:
            raise ValueError(f"DeconvNeck: a stride of {in_strides[-1]} cannot be halved {len(widths)} times")
        super().__init__()
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)
        self.channels, self.strides = (widths[-1],), (self.in_strides[-1] // scale,)
        layers: list[Module] = []
        before = self.in_channels[-1]
        for width in widths:
            layers += [ConvTranspose2d(before, width, 4, 2, 1, bias=False), norm(width), act()]
            before = width
        self.deconv_layers = Sequential(*layers)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [self.deconv_layers(features[-1])]  # (N, widths[-1], 8H, 8W) for three widths
