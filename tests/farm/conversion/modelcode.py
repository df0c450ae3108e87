"""Small model repositories on disk whose networks behave, or misbehave in one way each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from farm.conversion.wire import Item

HEADER = """\
import ctypes
import os
import signal
import sys
import time
"""
NETWORK = """
from mcore.layers import Conv2d
from mcore.module import Module
from mcore.sampling import Sampling

class {name}(Module):
    sampling = Sampling.image(sizes=((12, 12), (8, 16), (9, 11)), minimum=8)

    def __init__(self, *, channels=4):
        super().__init__()
        {build}
        self.conv = Conv2d(3, channels, 3, padding=1)

    def forward(self, x):
        {forward}
        return self.conv(x)
"""


def network(name: str, *, build: str = "pass", forward: str = "pass") -> str:
    """Source of one network with a statement of its own in each place."""
    return NETWORK.format(name=name, build=build, forward=forward)


def write_models(root: Path, modules: Mapping[str, str]) -> Path:
    """A package ``models`` below ``root`` with the given modules, each after the common imports."""
    package = root / "models"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name, text in modules.items():
        (package / f"{name}.py").write_text(HEADER + text)
    return root


def item(module: str, name: str, folder: Path) -> Item:
    """The conversion of ``models.<module>:<name>``."""
    return Item(key=f"network:{name}", kind="network", target=f"models.{module}:{name}", folder=str(folder / name))
