"""Padding of sequences ``(N, C, L)``, maps ``(N, C, H, W)`` and volumes ``(N, C, D, H, W)``, as in ``torch.nn``.

``padding`` is one number, or two for each dimension: (left, right), (left, right, top, bottom) or (left, right, top, bottom,
front, back). The batch may be left out.
"""

from __future__ import annotations

from mcore.platform.eager import functional as F
from mcore.platform.eager.layers.layer import Layer, several
from mcore.platform.eager.tensor import Tensor

Widths = int | tuple[int, ...]


class _Pad(Layer):
    shown = "{0.padding}"
    mode: str
    rank: int

    def __init__(self, padding: Widths) -> None:
        super().__init__()
        self.padding = several(padding, 2 * self.rank)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)


class _ConstantPad(Layer):
    shown = "padding={0.padding}, value={0.value}"
    rank: int

    def __init__(self, padding: Widths, value: float) -> None:
        super().__init__()
        self.padding, self.value = several(padding, 2 * self.rank), value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)


class ConstantPad1d(_ConstantPad):
    """``value`` around a sequence; negative numbers crop."""

    rank = 1


class ConstantPad2d(_ConstantPad):
    """``value`` around a map; negative numbers crop."""

    rank = 2


class ConstantPad3d(_ConstantPad):
    """``value`` around a volume; negative numbers crop."""

    rank = 3


class ZeroPad1d(_Pad):
    """Zeros around a sequence; negative numbers crop."""

    mode, rank = "constant", 1


class ZeroPad2d(_Pad):
    """Zeros around a map; negative numbers crop."""

    mode, rank = "constant", 2


class ZeroPad3d(_Pad):
    """Zeros around a volume; negative numbers crop."""

    mode, rank = "constant", 3


class ReflectionPad1d(_Pad):
    """A sequence mirrored at its borders, which are not doubled."""

    mode, rank = "reflect", 1


class ReflectionPad2d(_Pad):
    """A map mirrored at its borders, which are not doubled."""

    mode, rank = "reflect", 2


class ReflectionPad3d(_Pad):
    """A volume mirrored at its borders, which are not doubled."""

    mode, rank = "reflect", 3


class ReplicationPad1d(_Pad):
    """A sequence with its borders drawn out."""

    mode, rank = "replicate", 1


class ReplicationPad2d(_Pad):
    """A map with its borders drawn out."""

    mode, rank = "replicate", 2


class ReplicationPad3d(_Pad):
    """A volume with its borders drawn out."""

    mode, rank = "replicate", 3


class CircularPad1d(_Pad):
    """A sequence that goes on at its other end."""

    mode, rank = "circular", 1


class CircularPad2d(_Pad):
    """A map that goes on at its other end."""

    mode, rank = "circular", 2


class CircularPad3d(_Pad):
    """A volume that goes on at its other end."""

    mode, rank = "circular", 3
