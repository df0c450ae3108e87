"""Rebuilding a network from a bundle: its constructor, then its weights. The same on both backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

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
    kept = {name: array for name, array in bundle.weights.items() if name in state}
    missing = [name for name in state if name not in kept and not name.endswith(_TRAINING_ONLY)]
    if strict and missing:
        raise BackendError(f"{folder} lacks weights of {name}: {', '.join(missing)} (strict=False keeps new ones)")
    try:
        network.load_state_dict({name: to_tensor(np.array(array)) for name, array in kept.items()}, strict=False)
    except RuntimeError as error:  # torch reports shapes that do not fit on several lines
        raise BackendError(f"weights of {folder} do not fit {name}: {' '.join(str(error).split())}") from None
    return network.eval()
