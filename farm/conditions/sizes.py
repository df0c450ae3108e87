"""Sizes of a network's inputs and what is told of them; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Batch, height and width in elements, and the bytes that the largest node reads and makes there, weights not counted."""

    batch: int
    height: int
    width: int
    activation_bytes: int = 0

    def __str__(self) -> str:
        """As samples are named; of another batch than one that is said too."""
        return self.sample if self.batch == 1 else f"{self.sample}, batch {self.batch}"

    @property
    def sample(self) -> str:
        return f"{self.height}x{self.width}"

    @property
    def cost(self) -> int:
        """Pixels of the whole batch: what a run takes grows with it."""
        return self.batch * self.height * self.width


@dataclass(frozen=True, slots=True)
class Observation:
    """What an attempt said of a size: it passed, or the product failed there."""

    size: Size
    passed: bool


#: What a limit can be on, the simplest first.
FEATURES: Mapping[str, Callable[[Size], float]] = {
    "H": lambda size: size.height,
    "W": lambda size: size.width,
    "longer side": lambda size: max(size.height, size.width),
    "shorter side": lambda size: min(size.height, size.width),
    "activation": lambda size: size.activation_bytes,
    "pixels": lambda size: size.height * size.width,
    "batch": lambda size: size.batch,
    "aspect ratio": lambda size: max(size.height, size.width) / min(size.height, size.width),
}
#: What must be a multiple of something, the simplest first: the sides of each that are.
SIDES: Mapping[str, Callable[[Size], tuple[int, ...]]] = {
    "W": lambda size: (size.width,),
    "H": lambda size: (size.height,),
    "H and W": lambda size: (size.height, size.width),
}


def amount(feature: str, value: float) -> str:
    """A value of a feature as people write it, with its unit."""
    if feature == "activation":
        return f"{value / MIB:.4g} MiB of activation" if value >= MIB / 100 else f"{value:.0f} bytes of activation"
    if feature == "aspect ratio":
        return f"an aspect ratio of {value:.3g}"
    if feature == "pixels":
        return f"{value:.0f} pixels"
    if feature == "batch":
        return f"a batch of {value:.0f}"
    return f"{feature} = {value:.0f}" if feature in ("H", "W") else f"a {feature} of {value:.0f}"
