"""What attention modules have in common."""

from typing import ClassVar

from models.basicblocks.base import Block


class Attention(Block):
    """A map ``x`` of shape ``(N, in_channels, H, W)`` in, a map of the same shape out, weighted by what is in it."""

    kind: ClassVar[str] = "attention"
