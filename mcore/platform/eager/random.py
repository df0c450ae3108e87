"""The one source of random numbers of the Platform backend."""

from __future__ import annotations

import numpy as np

_generator = np.random.default_rng()


def manual_seed(seed: int) -> np.random.Generator:
    """Make initial values of parameters, and dropout, repeatable from now on; the values are not torch's for that seed."""
    global _generator
    _generator = np.random.default_rng(seed)
    return _generator


def generator() -> np.random.Generator:
    """The generator that all random numbers come from."""
    return _generator
