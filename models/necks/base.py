"""What every neck promises."""

from collections.abc import Mapping
from typing import ClassVar

from mcore.module import Module
from mcore.sampling import Sampling
from models.utils import FEATURE_SIZES, feature_inputs


class Neck(Module):
    """A list of feature maps in, a list of feature maps out; subclasses set what is below.

    ``in_channels`` and ``in_strides`` describe what it takes, ``channels`` and ``strides`` what it gives, both from fine to
    coarse.
    """

    kind: ClassVar[str] = "neck"
    in_channels: tuple[int, ...]
    in_strides: tuple[int, ...]
    channels: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def sampling(self) -> Sampling:
        return Sampling(feature_inputs(self.in_channels, self.in_strides), FEATURE_SIZES, minimum=2)

    @property
    def parts(self) -> Mapping[str, str]:
        return {"neck": type(self).__name__}
