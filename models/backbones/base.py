"""What every backbone promises."""

from collections.abc import Mapping
from typing import ClassVar

from mcore.module import Module
from mcore.sampling import Sampling
from models.utils.pretrained import Pretrained


class Backbone(Module, metaclass=Pretrained):
    """An image ``x`` in, a list of feature maps out; subclasses set what is below before they are called.

    Map ``i`` has the shape ``(N, channels[i], H / strides[i], W / strides[i])``; maps go from fine to coarse. Where a stride
    does not divide the size, it is rounded as the network's own layers do; convolutions without padding may take up to
    ``cropped`` places more off each map. All of it is known without weights: see :func:`mcore.module.skeleton`.
    """

    kind: ClassVar[str] = "backbone"
    in_channels: int
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    cropped: int = 0

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels)

    @property
    def parts(self) -> Mapping[str, str]:
        return {"backbone": type(self).__name__}
