"""A network that comes to code and data in ways that no selection by names can see: by a pickle, and by listing a folder whose
name is not in the code."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.tiny import FILES, write_tiny

HIDDEN = "models/networks/hidden.py"
PART = "models/parts/four.py"
SIZES = "models/parts/sizes"
NETWORK = '''\
"""A convolution that is as wide as a pickled function and the files of a folder say."""

import pickle
from pathlib import Path

from mcore.layers import Conv2d
from mcore.module import Module
from mcore.sampling import Sampling

WIDTH = pickle.loads(b"cmodels.parts.four\\nchannels\\n.")
FOLDER = Path(__file__).parents[1] / "strap"[::-1]


def listed():
    return sum(int(path.read_text()) for path in (FOLDER / "sezis"[::-1]).iterdir())


class hidden(Module):
    """As wide as its parts."""

    sampling = Sampling.image(sizes=((24, 24), (16, 32), (17, 23)), minimum=8)

    def __init__(self) -> None:
        super().__init__()
        self.conv = Conv2d(3, WIDTH() + listed(), 3)

    def forward(self, x):
        return self.conv(x)
'''
FOUR = '''\
"""Four channels."""

COUNT = 4


def unused():
    return 0


def channels():
    return COUNT
'''
EXPORTS = FILES["models/networks/__init__.py"].replace('"wide"]', '"wide", "hidden"]')


def write_hidden(root: Path) -> None:
    """The tiny repository with that network too."""
    write_tiny(root)
    files = {
        HIDDEN: NETWORK,
        "models/networks/__init__.py": f"from models.networks.hidden import hidden\n{EXPORTS}",
        "models/parts/__init__.py": "",
        PART: FOUR,
        f"{SIZES}/two": "2\n",
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
