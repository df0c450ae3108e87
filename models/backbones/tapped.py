"""For backbones whose layers stand in one row: which of their maps are the features, and the pass that collects them."""

from collections.abc import Collection, Iterable, Sequence

from mcore.module import Module
from mcore.tensor import Tensor


def feature_taps(
    given: Sequence[tuple[int, int]], *, first: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Positions, channels and strides of the last map before each halving of the resolution, and of the last map of all.

    Args:
        given: channels and stride of the map that each layer of the row gives.
        first: take the first map of each resolution in place of the last before each halving.
    """
    strides, last = [stride for _, stride in given], len(given) - 1
    if first:
        taps = [i for i, stride in enumerate(strides) if i in (0, last) or strides[i - 1] < stride]
    else:
        taps = [i for i, stride in enumerate(strides) if i == last or strides[i + 1] > stride]
    return tuple(taps), tuple(given[i][0] for i in taps), tuple(given[i][1] for i in taps)


def tapped(layers: Iterable[Module], taps: Collection[int], x: Tensor) -> list[Tensor]:
    """The maps at positions ``taps`` of a row of layers that starts with ``x``."""
    maps = []
    for index, layer in enumerate(layers):
        x = layer(x)
        if index in taps:
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
    return maps
