"""Fabricated checkpoints of small networks, installed as people install theirs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mcore.platform.format.tensors import tensors_to_bytes
from mcore.pretrained import install


def put(
    family: str, name: str, shapes: Mapping[str, tuple[int, ...]], seed: int = 0, layout: str = "native"
) -> dict[str, np.ndarray]:
    """Put random weights of ``shapes`` where the root in ``FARM_CHECKPOINTS`` wants them; gives them."""
    rng = np.random.default_rng(seed)
    weights = {key: rng.standard_normal(shape, dtype=np.float32) for key, shape in shapes.items()}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "downloaded.safetensors"
        path.write_bytes(tensors_to_bytes(weights, file=path.name))
        install(path, family=family, name=name, task="none", source=f"seed {seed}", layout=layout, overwrite=True)
    return weights
