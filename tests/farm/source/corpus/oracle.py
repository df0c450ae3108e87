"""What each architecture really is made of and runs, told by building it: the truth that the selector is held against.

Every architecture is built by torch on its meta device, which computes nothing, with a profiler; each is also asked for its
sampling. Nothing of the farm takes part, and nothing is told from syntax. ``python -m tests.farm.source.corpus.oracle LEVELS``
prints, as JSON and by ``kind:name``, the sorted names of

- ``models.x.Class``: every class, with its bases, of every module in the network, torch's among them;
- ``models.x:function`` and ``models.x:Class.method``: every function of the repository that ran.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = str(Path(__file__).parents[4]) + "/"


def main() -> None:
    """Entry: levels as JSON, folder by kind, in the one argument."""
    import torch

    torch.set_num_threads(1)
    levels: dict[str, str] = json.loads(sys.argv[1])
    found = {}
    for kind, folder in levels.items():
        home = import_module(folder.replace("/", "."))
        for name in home.__all__:
            with torch.device("meta"):
                found[f"{kind}:{name}"] = sorted(_facts(getattr(home, name)))
    json.dump(found, sys.stdout)


def _facts(build: Any) -> set[str]:
    ran: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            ran.add(frame.f_code)

    sys.setprofile(note)
    try:
        network = build()
        assert network.sampling.sizes
    finally:
        sys.setprofile(None)
    classes = {c for module in network.modules() for c in type(module).__mro__}
    return {f"{c.__module__}.{c.__qualname__}" for c in classes} | {
        f"{_module(code.co_filename)}:{code.co_qualname}" for code in ran if code.co_filename.startswith(ROOT)
    }


def _module(path: str) -> str:
    return path.removeprefix(ROOT).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


if __name__ == "__main__":
    main()
