"""What every backbone promises."""

from collections.abc import Mapping

from mcore.module import Module
from mcore.sampling import Sampling


class Backbone(Module):
    """An image ``x`` in, a list of feature maps out; subclasses set what is below before they are called.

    Map ``i`` has the shape ``(N, channels[i], ceil(H / strides[i]), ceil(W / strides[i]))``; maps go from fine to coarse.
    """

    in_channels: int
    channels: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels)

    @property
    def parts(self) -> Mapping[str, str]:
        return {"backbone": type(self).__name__}
