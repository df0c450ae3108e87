"""Ways to compute a convolution, one a file, and the static table that chooses among them.

The choice depends on sizes, mode and BLAS core alone, never on a measurement: the same program has the same bits every time.
"""

from __future__ import annotations

from mcore.platform.runtime.fusion import Group
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.operation import Context
from mcore.platform.runtime.strategies.base import Convolution
from mcore.platform.runtime.strategies.depthwise import DepthwiseConvolution
from mcore.platform.runtime.strategies.geometry import Geometry
from mcore.platform.runtime.strategies.im2col import Im2colConvolution
from mcore.platform.runtime.strategies.pointwise import PointwiseConvolution
from mcore.platform.runtime.strategies.winograd import LargeWinogradConvolution, WinogradConvolution

#: Smallest output side, and fewest products of channels, for which Winograd's transforms pay.
WINOGRAD_SIDE = 10
WINOGRAD_CHANNELS = 1024

#: Smallest output side for which the fast mode takes larger tiles: below, too much of them lies outside.
LARGE_TILES_SIDE = 24


def convolution(group: Group, context: Context) -> Convolution:
    """The operation for a group whose head is a ``conv2d``."""
    g = Geometry.of(group.head, group.outputs[0], context)
    return strategy(g, context.mode)(group, context)


def strategy(g: Geometry, mode: Mode) -> type[Convolution]:
    """The table."""
    if g.groups > 1:
        is_depthwise = g.groups == g.channels == g.out_channels
        return DepthwiseConvolution if is_depthwise else Im2colConvolution
    if g.kernel == (1, 1) and g.padding == (0, 0):
        return PointwiseConvolution
    is_unit = g.stride == g.dilation == (1, 1)
    is_large = min(g.out_size) >= WINOGRAD_SIDE and g.channels * g.out_channels >= WINOGRAD_CHANNELS
    if mode is not Mode.EXACT and g.kernel == (3, 3) and is_unit and is_large:
        is_fast = mode is Mode.FAST and min(g.out_size) >= LARGE_TILES_SIDE
        return LargeWinogradConvolution if is_fast else WinogradConvolution
    return Im2colConvolution


__all__ = ["Convolution", "Geometry", "convolution", "strategy"]
