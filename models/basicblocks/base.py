"""What blocks have in common: they take one map of ``in_channels`` channels."""

from collections.abc import Mapping
from typing import ClassVar

from mcore.module import Module
from mcore.sampling import Sampling
from models.utils import MAP_SIZES


class Block(Module):
    """A module that takes one map ``x`` of shape ``(N, in_channels, H, W)``; subclasses set ``in_channels``."""

    kind: ClassVar[str] = "block"
    parts: Mapping[str, str] = {}
    in_channels: int

    @property
    def sampling(self) -> Sampling:
        return Sampling.image(self.in_channels, MAP_SIZES, minimum=2)
