"""Weights of other shapes than the network's, adapted where one asks for it: input channels and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What may be done about weights of another shape.

    Args:
        channels: of the first convolution, where the network has other input channels: ``repeat`` takes the checkpoint's in
            turn, scaled so that an input of equal channels gives what it gave (a sum, for one channel); ``fresh`` keeps the
            network's own.
        classes: of the last layers, where the network has another number of classes: ``fresh`` keeps the network's own.
    """

    channels: Literal["repeat", "fresh"] | None = None
    classes: Literal["fresh"] | None = None


#: Nothing is adapted: another shape is an error.
STRICT = Adaptation()


def has_other_channels(theirs: tuple[int, ...], ours: tuple[int, ...]) -> bool:
    """Whether two shapes of a convolution's weight ``(O, C, *kernel)`` differ in ``C`` alone."""
    return len(theirs) == len(ours) > 2 and theirs[0] == ours[0] and theirs[1] != ours[1] and theirs[2:] == ours[2:]


def has_other_classes(theirs: tuple[int, ...], ours: tuple[int, ...]) -> bool:
    """Whether two shapes differ in their first dimension alone."""
    return len(theirs) == len(ours) > 0 and theirs[0] != ours[0] and theirs[1:] == ours[1:]


def advice(theirs: tuple[int, ...], ours: tuple[int, ...]) -> str:
    """What to say to have weights of the one shape adapted to the other, in parentheses; empty where nothing would."""
    if has_other_channels(theirs, ours):
        return ' (say Adaptation(channels="repeat") or "fresh")'
    return ' (say Adaptation(classes="fresh"))' if has_other_classes(theirs, ours) else ""


def repeated_channels(weight: np.ndarray, channels: int) -> np.ndarray:
    """``weight`` (O, C, *kernel) for ``channels`` input channels, of the same sum over them."""
    given = weight.shape[1]
    repeated = weight[:, np.arange(channels) % given].astype(np.float64)
    total, own = weight.sum(axis=1, dtype=np.float64), repeated.sum(axis=1)
    if channels < given:
        # What the channels that are left out would have added is spread over those that stay.
        repeated += ((total - own) / channels)[:, None]
    else:
        repeated *= given / channels
    return np.asarray(repeated, weight.dtype)
