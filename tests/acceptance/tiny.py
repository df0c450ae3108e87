"""A model repository of a few tiny networks, so that a whole submission takes seconds."""

from __future__ import annotations

from pathlib import Path

INVENTORY = """\
version: 1
catalogue:
  package: models
  packages: [models]
  levels: {network: models/networks, block: models/basicblocks}
  task_list: [wide]
policies:
  fp32: {version: 1, precision: float32, atol_rel: 2.0e-4, rtol: 1.0e-4, sqnr_db: 75, cosine: 0.99999}
devices:
  numpy: {driver: numpy, policy: fp32, limits: {time_s: 60, memory_mib: 2048}}
  exact: {driver: numpy, policy: fp32, limits: {time_s: 60, memory_mib: 2048}, profile: {mode: exact}}
conversion: {repeat_share: 0}
"""

BLOCK = '''\
"""A convolution and an activation."""

from mcore.layers import Conv2d, ReLU
from mcore.module import Module
from mcore.sampling import Sampling

SIZES = ((24, 24), (16, 32), (17, 23))


class Block(Module):
    """Convolution, then activation."""

    sampling = Sampling.image(sizes=SIZES, minimum=8)

    def __init__(self, *, in_channels: int = 3, channels: int = 8) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, channels, 3, padding=1)
        self.act = ReLU()

    def forward(self, x):
        return self.act(self.conv(x))
'''

NETWORKS = '''\
"""Two networks, of which one uses the block."""

from mcore.layers import AdaptiveAvgPool2d, Conv2d, Linear
from mcore.module import Module
from mcore.sampling import Sampling
from models.basicblocks.block import SIZES, Block


class tiny(Module):
    """A block and a linear layer."""

    sampling = Sampling.image(sizes=SIZES, minimum=8)

    def __init__(self, *, num_classes: int = 10) -> None:
        super().__init__()
        self.block = Block()
        self.pool = AdaptiveAvgPool2d(1)
        self.fc = Linear(8, num_classes)

    def forward(self, x):
        return self.fc(self.pool(self.block(x)).flatten(1))


class wide(Module):
    """One convolution of its own."""

    sampling = Sampling.image(sizes=SIZES, minimum=8)

    def __init__(self) -> None:
        super().__init__()
        self.conv = Conv2d(3, 16, 3)

    def forward(self, x):
        return self.conv(x)
'''

FILES = {
    ".gitignore": "__pycache__/\n.farm/\n",
    "inventory.yaml": INVENTORY,
    "models/__init__.py": "",
    "models/basicblocks/__init__.py": 'from models.basicblocks.block import Block\n\n__all__ = ["Block"]\n',
    "models/basicblocks/block.py": BLOCK,
    "models/networks/__init__.py": 'from models.networks.small import tiny, wide\n\n__all__ = ["tiny", "wide"]\n',
    "models/networks/small.py": NETWORKS,
}


def write_tiny(root: Path) -> None:
    """Write the repository's files below ``root``."""
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / ".farm").mkdir()
