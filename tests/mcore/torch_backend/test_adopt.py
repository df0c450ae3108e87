"""``adopt``: third-party modules as they are found in the wild, imported in its place and used after it."""

from __future__ import annotations

import contextlib
import copy
import io
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

import mcore
from mcore.module import Module, ModuleDict, ModuleList, Sequential, adopt
from mcore.sampling import Sampling

WILD = """
import abc
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial, wraps
from typing import Generic, TypeVar

import torch
import torch.nn as nn
import torch.nn.modules as modules
from torch.nn import Module as Renamed, Sequential
from torch.nn.modules.container import ModuleList as Deep
from torch.nn.modules.module import Module as Deepest

T = TypeVar("T")

class Base(Deepest):
    def __init__(self):
        super(Base, self).__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
    def forward(self, x):
        return self.conv(x).relu()

class Named(Base):
    pass

class Generically(Renamed, Generic[T]):
    def __init__(self):
        Renamed.__init__(self)
        self.inner = Base()
    def forward(self, x):
        return self.inner(x)

class Abstractly(modules.Module, abc.ABC):
    def __init__(self, act=partial(nn.LeakyReLU, 0.2)):
        super().__init__()
        self.act = act()
        self.inner = Deep([Base()])
    def forward(self, x):
        return self.act(self.inner[0](x))

class Stacked(Sequential):
    def __init__(self):
        super().__init__(OrderedDict(first=Base(), second=nn.Tanh()))

class Mixin:
    def extra(self):
        return 1

class Mixed(Mixin, nn.Sequential):
    def __init__(self, *layers):
        super().__init__(*layers or (Base(),))

@dataclass(eq=False)
class Data(nn.Module):
    width: int = 3
    def __post_init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, self.width, 1)
    def forward(self, x):
        return self.conv(x)

class Hidden(nn.Module):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)
    def __init__(self, **kwargs):
        super().__init__()
        self.parts = nn.ModuleList([Base()])
        self.add_module("sampling", nn.Upsample(scale_factor=2))
    def forward(self, x):
        return self.sampling(self.parts[0](x))
"""
CLASSES = ["Base", "Named", "Generically", "Abstractly", "Stacked", "Mixed", "Data", "Hidden"]


@pytest.fixture
def wild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module above, imported under ``adopt``."""
    (tmp_path / "wild_networks.py").write_text(WILD)
    monkeypatch.syspath_prepend(tmp_path)
    with adopt():
        import wild_networks
    yield wild_networks
    del sys.modules["wild_networks"]


@pytest.mark.parametrize("name", CLASSES)
def test_whatever_it_derives_from_it_converts_by_its_method(name: str, wild: ModuleType, tmp_path: Path) -> None:
    net = getattr(wild, name)()
    assert isinstance(net, nn.Module)
    assert isinstance(net, Module)
    assert Module in type(net).__mro__
    assert net.constructor["target"] == f"wild_networks:{name}"
    torch.manual_seed(0)
    done = net.toplatform(tmp_path / "bundle", sampling=Sampling.image(2, ((8, 8), (8, 12), (9, 7)), minimum=4))
    x = torch.randn(1, 2, 6, 5)
    torch.testing.assert_close(mcore.fromplatform(done.folder)(x), net.eval()(x))


def _saved(net: nn.Module) -> Any:
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


TOOLS: dict[str, Callable[[nn.Module, torch.Tensor], Any]] = {
    "deepcopy": lambda net, x: copy.deepcopy(net),
    "pickle": lambda net, x: pickle.loads(pickle.dumps(net)),
    "save": lambda net, x: _saved(net),
    "fx": lambda net, x: torch.fx.symbolic_trace(net),
    "script": lambda net, x: torch.jit.script(net),
    "trace": lambda net, x: torch.jit.trace(net, (x,)),
    "export": lambda net, x: torch.export.export(net, (x,)).module(),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["Named", "Abstractly", "Stacked"])
def test_torch_s_tools_take_it_after_the_import(name: str, tool: str, wild: ModuleType) -> None:
    net, x = getattr(wild, name)().eval(), torch.randn(1, 2, 6, 5)
    torch.testing.assert_close(TOOLS[tool](net, x)(x), net(x))


def test_names_of_the_state_are_those_of_torch(wild: ModuleType) -> None:
    assert list(wild.Stacked().state_dict()) == ["first.conv.weight", "first.conv.bias"]
    net, other = wild.Stacked(), wild.Stacked()
    other.load_state_dict(net.state_dict())
    x = torch.randn(1, 2, 4, 4)
    torch.testing.assert_close(other(x), net(x), rtol=0, atol=0)


HOMES = (nn, nn.modules, nn.modules.module, nn.modules.container)


def _held() -> list[Any]:
    return [
        getattr(home, kind.__name__, None) for home in HOMES for kind in (Module, Sequential, ModuleList, ModuleDict)
    ]


def test_one_inside_the_other_is_put_back_in_order() -> None:
    before = _held()
    with adopt():
        within = _held()
        with contextlib.suppress(ImportError), adopt():
            assert _held() == within
            raise ImportError
        assert _held() == within != before
        assert nn.modules.module.Module is nn.Module is Module
        assert nn.modules.container.Sequential is nn.Sequential is Sequential
    assert all(now is then for now, then in zip(_held(), before, strict=True))


def test_a_metaclass_of_its_own_is_the_one_thing_that_it_cannot_do(tmp_path: Path) -> None:
    class Registering(type):
        pass

    class Net(nn.Module, metaclass=Registering):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    with adopt(), pytest.raises(TypeError, match="metaclass conflict"):

        class Adopted(nn.Module, metaclass=Registering):
            pass

    done = mcore.toplatform(Net(), tmp_path / "net", sampling=Sampling.image(2, ((8, 8), (8, 12), (9, 7)), minimum=4))
    torch.testing.assert_close(mcore.fromplatform(done.folder)(torch.ones(1, 2, 4, 4)), torch.full((1, 2, 4, 4), 2.0))
