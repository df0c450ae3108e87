"""A small model repository, as files in memory, and what selection makes of edits to it."""

import hashlib
import textwrap
from collections.abc import Callable, Collection, Mapping

import pytest

from farm.source.catalogue import Architecture, Catalogue, discover
from farm.source.closure import Closure, compute_closures
from farm.source.errors import FileNotInTreeError
from farm.source.names import Names
from farm.source.select import Selection, select
from farm.source.tree import Unread


class Files:
    """A source tree in memory."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.files = {p: t if isinstance(t, bytes) else textwrap.dedent(t).encode() for p, t in files.items()}
        self.key = hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()
        self.unread: dict[str, Unread] = {}

    def paths(self) -> Collection[str]:
        return self.files.keys()

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotInTreeError(path, self.key)
        return self.files[path]

    def blob_id(self, path: str) -> str:
        content = self.read(path)
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


ZOO = {
    "mcore/__init__.py": "",
    "mcore/layers.py": """\
        from torch.nn import Conv2d, BatchNorm2d, Linear, ReLU, ReLU6
        __all__ = ["Conv2d", "BatchNorm2d", "Linear", "ReLU", "ReLU6"]
        """,
    "mcore/module.py": "import torch\n\n\nclass Module(torch.nn.Module):\n    parts = {}\n",
    "mcore/functional.py": "from torch.nn.functional import interpolate, relu, softmax\n",
    "models/__init__.py": "from mcore.layers import *\nfrom mcore.layers import __all__ as __all__\n",
    "models/utils/__init__.py": "from models.utils.rounding import make_divisible\n\n__all__ = ['make_divisible']\n",
    "models/utils/rounding.py": """\
        DIVISOR = 8


        def nearest(value, divisor):
            return int(value + divisor / 2) // divisor * divisor


        def make_divisible(value, divisor=DIVISOR):
            return max(divisor, nearest(value, divisor))
        """,
    "models/basicblocks/__init__.py": """\
        from models.basicblocks.conv import ConvNormAct
        from models.basicblocks.residual import BasicBlock, Bottleneck

        __all__ = ["BasicBlock", "Bottleneck", "ConvNormAct"]
        """,
    "models/basicblocks/conv.py": """\
        from mcore.module import Module
        from models import BatchNorm2d, Conv2d, ReLU


        class ConvNormAct(Module):
            def __init__(self, channels, norm=BatchNorm2d, act=ReLU):
                super().__init__()
                self.conv = Conv2d(channels, channels, 3)
                self.norm = norm(channels)
                self.act = act()

            def forward(self, x):
                return self.act(self.norm(self.conv(x)))
        """,
    "models/basicblocks/residual.py": """\
        import mcore.functional as F
        from mcore.module import Module
        from models.basicblocks.conv import ConvNormAct


        def shortcut(x, y):
            return F.relu(x + y)


        class BasicBlock(Module):
            expansion = 1

            def __init__(self, channels):
                super().__init__()
                self.body = ConvNormAct(channels)

            def forward(self, x):
                return shortcut(x, self.body(x))


        class Bottleneck(BasicBlock):
            expansion = 4
        """,
    "models/backbones/__init__.py": """\
        from models.backbones.mobile import Mobile
        from models.backbones.resnet import ResNet18, ResNet50

        __all__ = ["Mobile", "ResNet18", "ResNet50"]
        """,
    "models/backbones/resnet.py": """\
        from mcore.module import Module
        from models.basicblocks import BasicBlock, Bottleneck

        WIDTHS = (64, 128, 256, 512)


        class ResNet(Module):
            block = None

            def __init__(self):
                super().__init__()
                self.layers = [self.block(w) for w in WIDTHS]

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x


        class ResNet18(ResNet):
            block = BasicBlock


        class ResNet50(ResNet):
            block = Bottleneck
        """,
    "models/backbones/mobile.py": """\
        from mcore.module import Module
        from models import Conv2d, ReLU6
        from models.utils import make_divisible


        class Mobile(Module):
            def __init__(self, width=1.0):
                super().__init__()
                self.conv = Conv2d(3, make_divisible(32 * width), 3)
                self.act = ReLU6()

            def forward(self, x):
                return self.act(self.conv(x))
        """,
    "models/heads/__init__.py": "from models.heads.fcn import FCNHead\n\n__all__ = ['FCNHead']\n",
    "models/heads/fcn.py": """\
        from mcore.functional import interpolate
        from mcore.module import Module
        from models import Conv2d


        class FCNHead(Module):
            def __init__(self, classes=21):
                super().__init__()
                self.conv = Conv2d(64, classes, 1)

            def forward(self, x):
                return interpolate(self.conv(x), scale_factor=8)
        """,
    "models/necks/__init__.py": "__all__ = []\n",
    "models/attention/__init__.py": "__all__ = []\n",
    "models/networks/__init__.py": """\
        from models.networks.classification import mobile, resnet18, resnet50
        from models.networks.segmentation import FCN

        __all__ = ["FCN", "mobile", "resnet18", "resnet50"]
        """,
    "models/networks/classification.py": """\
        from models import Linear
        from models.backbones import Mobile, ResNet18, ResNet50


        class _Classifier:
            def __init__(self, classes=1000):
                super().__init__()
                self.fc = Linear(512, classes)

            def forward(self, x):
                return self.fc(super().forward(x))


        class resnet18(_Classifier, ResNet18):
            pass


        class resnet50(_Classifier, ResNet50):
            pass


        def mobile(**options):
            return Mobile(**options)
        """,
    "models/networks/segmentation.py": """\
        from mcore.module import Module
        from models.backbones import ResNet50
        from models.heads import FCNHead


        class FCN(Module):
            def __init__(self):
                super().__init__()
                self.backbone = ResNet50()
                self.head = FCNHead()

            def forward(self, x):
                return self.head(self.backbone(x))
        """,
}
ZOO = {path: textwrap.dedent(text) for path, text in ZOO.items()}

Edit = tuple[str, str, str]


def edited(files: Mapping[str, str], *edits: Edit) -> dict[str, str]:
    """Files with texts replaced, each of which must be there."""
    changed = dict(files)
    for path, old, new in edits:
        assert old in changed[path], f"{old!r} is not in {path}"
        changed[path] = changed[path].replace(old, new)
    return changed


def closures_of(files: Mapping[str, str | bytes], catalogue: Catalogue | None = None) -> dict[Architecture, Closure]:
    catalogue = catalogue or Catalogue()
    tree = Files(files)
    found = discover(tree, catalogue)
    assert not found.problems, found.problems
    return compute_closures(tree, found.architectures, catalogue)


def selections(before: Mapping[str, str | bytes], after: Mapping[str, str | bytes]) -> dict[str, Selection]:
    """By name of the architecture."""
    return {s.architecture.name: s for s in select(closures_of(before), closures_of(after), since="then")}


@pytest.fixture(scope="session")
def zoo() -> dict[str, str]:
    return dict(ZOO)


@pytest.fixture(scope="session")
def files() -> Callable[[Mapping[str, str | bytes]], Files]:
    return Files


@pytest.fixture(scope="session")
def names() -> Callable[..., Names]:
    """Names of a tree of given files."""

    def make(files: Mapping[str, str], **options) -> Names:
        return Names(Files(files), Catalogue(**options).followed())

    return make


@pytest.fixture(scope="session")
def closures() -> Callable[..., dict[str, Closure]]:
    """Closures of all architectures of given files, by name."""
    return lambda files, catalogue=None: {a.name: c for a, c in closures_of(files, catalogue).items()}


@pytest.fixture(scope="session")
def by_architecture() -> Callable[..., dict[Architecture, Closure]]:
    """Closures of all architectures of given files."""
    return closures_of


@pytest.fixture(scope="session")
def one_closure() -> Callable[..., Closure]:
    """Closure of the one network ``Net`` that is defined in ``models/networks/net.py``, beside other files."""

    def make(source: str, others: Mapping[str, str | bytes] | None = None, **options) -> Closure:
        files: dict[str, str | bytes] = {
            "models/__init__.py": "",
            "models/networks/__init__.py": "from models.networks.net import Net\n__all__ = ['Net']\n",
            "models/networks/net.py": source,
            **(others or {}),
        }
        catalogue = Catalogue(levels={"network": "models/networks"}, **options)
        return next(iter(closures_of(files, catalogue).values()))

    return make


@pytest.fixture
def select_edit(zoo) -> Callable[..., dict[str, Selection]]:
    """What edits of the small repository, and files added to it, select; by name."""

    def make(*edits: Edit, add: Mapping[str, str] | None = None, base: Mapping[str, str] | None = None):
        start = {**zoo, **{path: textwrap.dedent(text) for path, text in (base or {}).items()}}
        return selections(start, {**edited(start, *edits), **(add or {})})

    return make


@pytest.fixture
def selected(select_edit) -> Callable[..., set[str]]:
    """Names of the architectures that edits of the small repository select."""
    return lambda *edits, **more: {name for name, s in select_edit(*edits, **more).items() if s.selected}
