"""What a public architecture says about its inputs: the one place, by the class, that conversion takes its samples from.

A class says it as an attribute or a property named ``sampling``::

    class ResNet(Module):
        sampling = Sampling.image()                      # (N, 3, H, W) at the usual resolutions

    class FCNHead(Module):
        @property
        def sampling(self):                              # features at one scale; H and W are theirs
            return Sampling(inputs=(Input("features", (N, self.in_channels, H, W)),), sizes=((28, 28), (20, 36), (13, 17)))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcore.platform.dims import Expr, evaluate, symbol
from mcore.platform.dtypes import DType

N, H, W = symbol("N"), symbol("H"), symbol("W")

#: Native, wide (not square, a batch of two), and odd; the same for every image network unless it says otherwise.
IMAGE_SIZES = ((224, 224), (128, 192), (97, 129))


@dataclass(frozen=True, slots=True)
class Input:
    """One input tensor: its name as an argument of ``forward``, its shape over ``N``, ``H``, ``W``, and its values.

    Inputs that share the part of their name before a dot and end in a number (``features.0``, ``features.1``) are passed as
    one list argument, in order: ``forward(features=[...])``.
    """

    name: str
    shape: tuple[int | Expr, ...]
    dtype: DType = DType.FLOAT32

    def concrete(self, batch: int, height: int, width: int) -> tuple[int, ...]:
        """Its shape in elements."""
        return tuple(evaluate(d, {"N": batch, "H": height, "W": width}) for d in self.shape)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Inputs and the resolutions at which samples are stored.

    Args:
        inputs: in the order of ``forward``.
        sizes: three or more ``(H, W)``; one not square, one odd or the smallest legal one. Sample ``i`` has a batch of two
            where ``i == 1``, else of one.
        minimum: smallest legal ``H`` and ``W``.
        multiple_of: ``H`` and ``W`` must be multiples of it.
        fixed: the architecture accepts no other sizes than ``sizes``.
        batches: batch of each sample, where that is not as above.
    """

    inputs: tuple[Input, ...]
    sizes: tuple[tuple[int, int], ...] = IMAGE_SIZES
    minimum: int = 33
    multiple_of: int = 1
    fixed: bool = False
    batches: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sizes) < 3 and not self.fixed:
            raise ValueError("sampling needs three or more sizes")
        for height, width in self.sizes:
            if min(height, width) < self.minimum or height % self.multiple_of or width % self.multiple_of:
                raise ValueError(
                    f"size {height}x{width} is not a multiple of {self.multiple_of} from {self.minimum} on"
                )

    @classmethod
    def image(
        cls,
        channels: int = 3,
        sizes: Sequence[tuple[int, int]] = IMAGE_SIZES,
        *,
        minimum: int = 33,
        multiple_of: int = 1,
    ) -> Sampling:
        """One image input ``x`` of shape ``(N, channels, H, W)``."""
        return cls((Input("x", (N, channels, H, W)),), tuple(sizes), minimum, multiple_of)

    def batch(self, index: int) -> int:
        """Batch size of sample ``index``."""
        if self.batches:
            return self.batches[index]
        return 2 if index == 1 else 1

    def with_further(self, sizes: Sequence[tuple[int, int, int]]) -> Sampling:
        """With samples of these batches, heights and widths behind its own; itself without any."""
        if not sizes:
            return self
        own = (self.batch(index) for index in range(len(self.sizes)))
        return replace(
            self,
            sizes=(*self.sizes, *((height, width) for _, height, width in sizes)),
            batches=(*own, *(batch for batch, _, _ in sizes)),
        )
