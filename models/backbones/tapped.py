"""For backbones whose layers stand in one row: which of their maps are the features, and the pass that collects them."""

from collections.abc import Collection, Iterable, Sequence

from mcore.module import Module
from mcore.tensor import Tensor


def feature_taps(given: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Positions, channels and strides of the last map before each halving of the resolution, and of the last map of all.

    Args:
        given: channels and stride of the map that each layer of the row gives.
    """
    following = [stride for _, stride in given[1:]]
    taps = [i for i, (_, stride) in enumerate(given) if i == len(given) - 1 or following[i] > stride]
    return tuple(taps), tuple(given[i][0] for i in taps), tuple(given[i][1] for i in taps)


def tapped(layers: Iterable[Module], taps: Collection[int], x: Tensor) -> list[Tensor]:
    """The maps at positions ``taps`` of a row of layers that starts with ``x``."""
    maps = []
    for index, layer in enumerate(layers):
        x = layer(x)
        if index in taps:
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
    return maps
