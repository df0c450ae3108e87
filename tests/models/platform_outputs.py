"""Runs architectures on the Platform backend, in a process of its own where torch cannot be imported.

``python -m tests.models.platform_outputs FOLDER FAMILY.NAME ...`` writes ``FOLDER/FAMILY.NAME.npz`` for each, with its
outputs and the keys and shapes of its state, or ``FAMILY.NAME.error`` with the traceback.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from tests.models.catalogue import Public, arrays_for, call, legal, load_weights

#: Batch, and the least height and width, by whether the input is an image.
SIZE_OF_IMAGE = (2, 33, 49)
SIZE_OF_MAP = (2, 5, 3)
#: Where a map may be of one place, it is the coarsest of many.
SIZE_OF_COARSEST = (2, 1, 2)


def outputs_of(public: Public, model: Any, from_numpy: Any, to_numpy: Any) -> list[np.ndarray]:
    """Outputs of a network for the same inputs on any backend."""
    of_map = SIZE_OF_MAP if model.sampling.minimum > 1 else SIZE_OF_COARSEST
    batch, *size = SIZE_OF_IMAGE if public.family in ("networks", "backbones") else of_map
    outputs = call(model, arrays_for(model.sampling, batch, *legal(model.sampling, *size)), from_numpy)
    return [to_numpy(o) for o in outputs]


def state_of(model: Any) -> dict[str, list[int]]:
    """The shapes of the state by key, in order."""
    return {name: list(value.shape) for name, value in model.state_dict().items()}


def main(folder: Path, names: list[str]) -> None:
    from mcore.platform.eager import init
    from mcore.tensor import from_numpy, no_grad

    init._fill = lambda tensor, values: tensor  # all get other weights: to draw the first takes longer than to run
    for name in names:
        try:
            public = Public(*name.split("."))
            with no_grad():
                model = public.target()
                load_weights(model, from_numpy)
                outputs = outputs_of(public, model.eval(), from_numpy, lambda t: t.numpy())
        except Exception:  # one architecture's failure is that architecture's alone
            (folder / f"{name}.error").write_text(traceback.format_exc())
            continue
        arrays = {f"out.{i}": value for i, value in enumerate(outputs)}
        np.savez(folder / f"{name}.npz", state=np.array(json.dumps(state_of(model))), **arrays)


if __name__ == "__main__":
    os.environ["MCORE_BACKEND"] = "platform"
    sys.modules["torch"] = None  # type: ignore[assignment] - an import of it now fails
    main(Path(sys.argv[1]), sys.argv[2:])
