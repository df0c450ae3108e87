"""Rebuilding a network from a bundle: its constructor, then its weights. The same on both backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mcore.platform.aliases import aliases
from mcore.platform.eager.constructor import rebuild
from mcore.platform.errors import BackendError

#: Buffers that only training reads: no graph holds them.
_TRAINING_ONLY = "num_batches_tracked"


def restore(
    cls: type[Any], folder: str | Path, *, trusted: Iterable[str], strict: bool, to_tensor: Callable[[np.ndarray], Any]
) -> Any:
    """The network of the bundle in ``folder``, a ``cls`` in evaluation mode; see ``Module.fromplatform``."""
    from mcore.platform.format import read_bundle

    bundle = read_bundle(Path(folder))
    network: Any = rebuild(bundle.manifest.constructor, trusted=(*trusted, cls.__module__.partition(".")[0]))
    name = type(network).__name__
    if not isinstance(network, cls):
        raise BackendError(f"{folder} holds a {name}, not a {cls.__name__}")
    state = network.state_dict()
    given = {**bundle.weights}
    for graph in bundle.graphs:
        given.update({alias: given[name] for alias, name in aliases(graph).items()})
    kept = {key: array for key, array in given.items() if key in state}
    missing = [key for key in state if key not in kept and not key.endswith(_TRAINING_ONLY)]
    if strict and missing:
        raise BackendError(f"{folder} lacks weights of {name}: {', '.join(missing)} (strict=False keeps new ones)")
    shapes = [
        f"{key} is {array.shape}, the network has {tuple(state[key].shape)}"
        for key, array in kept.items()
        if array.shape != tuple(state[key].shape)
    ]
    if shapes:
        raise BackendError(f"weights of {folder} do not fit {name}: {'; '.join(shapes)}")
    network.load_state_dict({key: to_tensor(np.array(array)) for key, array in kept.items()}, strict=False)
    return network.eval()
