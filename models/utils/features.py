"""Feature descriptions: how many channels, and at what stride, each map of a list of feature maps has.

A backbone, and a neck, says it of its outputs (``channels``, ``strides``); a neck, and a head, of its inputs
(``in_channels``, ``in_strides``). All are tuples of the same length, finest map first. A map of stride ``s`` of an image
of ``(H, W)`` has the size ``(ceil(H / s), ceil(W / s))``.
"""

from collections.abc import Sequence
from itertools import pairwise

from mcore.sampling import H, Input, N, W


def describe(channels: Sequence[int], strides: Sequence[int]) -> str:
    """In words, for messages: ``64 at 1/4, 128 at 1/8``."""
    return ", ".join(f"{c} at 1/{s}" for c, s in zip(channels, strides, strict=False))


def check_features(owner: str, channels: Sequence[int], strides: Sequence[int], *, doubling: bool = False) -> None:
    """Raise ``ValueError``, naming ``owner``, unless the description is one of feature maps from fine to coarse.

    Args:
        owner: the class that was given the description.
        channels: of each map.
        strides: of each map.
        doubling: there are two maps or more, and each has half the resolution of the one before.
    """
    if not channels or len(channels) != len(strides):
        raise ValueError(
            f"{owner}: {len(channels)} channels and {len(strides)} strides do not describe a list of features"
        )
    if min(*channels, *strides) < 1:
        raise ValueError(f"{owner}: channels and strides are positive, got {describe(channels, strides)}")
    if list(strides) != sorted(strides):
        raise ValueError(f"{owner}: features go from fine to coarse, got {describe(channels, strides)}")
    if doubling and (len(strides) < 2 or any(b != 2 * a for a, b in pairwise(strides))):
        raise ValueError(
            f"{owner}: each of two or more features has twice the stride of the one before, got {describe(channels, strides)}"
        )


def check_fit(
    giver: str, given: tuple[Sequence[int], Sequence[int]], taker: str, taken: tuple[Sequence[int], Sequence[int]]
) -> None:
    """Raise ``ValueError`` unless the ``(channels, strides)`` that one part gives are those that the next one takes."""
    if [tuple(g) for g in given] != [tuple(t) for t in taken]:
        raise ValueError(f"{taker} takes features of {describe(*taken)}, but {giver} gives {describe(*given)}")


def finer_map(owner: str, strides: Sequence[int], stride: int) -> int:
    """Which map before the last one is the finest of ``stride`` or more.

    Raises:
        ValueError: none is; the text names ``owner``.
    """
    found = next((i for i, s in enumerate(strides[:-1]) if s >= stride), None)
    if found is None:
        raise ValueError(
            f"{owner}: no map before the last has a stride of {stride} or more, got strides {tuple(strides)}"
        )
    return found


def feature_inputs(channels: Sequence[int], strides: Sequence[int]) -> tuple[Input, ...]:
    """Inputs ``features.0``, ``features.1``, ...: the coarsest map has the size ``(H, W)``, the others multiples of it.

    Raises:
        ValueError: a stride does not divide the coarsest one, so that the map has no size in terms of ``H`` and ``W``.
    """
    if any(strides[-1] % s for s in strides):
        raise ValueError(f"no sizes are known for features of strides {tuple(strides)}: each must divide the last")
    scales = [strides[-1] // s for s in strides]
    return tuple(
        Input(f"features.{i}", (N, c, k * H, k * W)) for i, (c, k) in enumerate(zip(channels, scales, strict=True))
    )
