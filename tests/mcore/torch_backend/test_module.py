"""Module of the torch backend: torch's own in every respect, with a recorded constructor, conversion and adoption."""

from __future__ import annotations

import abc
import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mcore.module import (
    Module,
    ModuleDict,
    ModuleList,
    Sequential,
    adopt,
    fromplatform,
    in_skeleton,
    skeleton,
    toplatform,
)
from mcore.platform.errors import BackendError
from mcore.sampling import Sampling

ROOT = Path(__file__).parents[3]
SIZES = ((16, 16), (12, 20), (9, 13))


class Net(Module):
    sampling = Sampling.image(2, SIZES, minimum=4)

    def __init__(self, channels: int = 3, *, norm: type[nn.Module] = nn.BatchNorm2d) -> None:
        super().__init__()
        self.body = Sequential(nn.Conv2d(2, channels, 3, padding=1), norm(channels))
        self.act = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.body(x))


THIRD_PARTY = """
import abc
import torch
from torch import nn
from torch.nn import Module, Sequential
import torch.nn.functional as F

class Mixed(nn.Module, abc.ABC):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))
        self.list = nn.ModuleList([nn.ReLU()])
        self.dict = nn.ModuleDict({"a": nn.Identity()})

    def forward(self, x):
        assert isinstance(self.layers[0], Module) and isinstance(self.layers, Sequential)
        return self.dict["a"](self.list[0](self.layers(x)))

class Features(nn.ModuleDict):
    def __init__(self):
        super().__init__({"conv": nn.Conv2d(2, 3, 1)})
    def forward(self, x):
        return self["conv"](x)
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that knows nothing of mcore, imported under ``adopt``."""
    (tmp_path / "third_party_networks.py").write_text(THIRD_PARTY)
    monkeypatch.syspath_prepend(tmp_path)
    with adopt():
        import third_party_networks
    yield third_party_networks
    del sys.modules["third_party_networks"]


def test_whatever_is_a_torch_module_is_one_of_ours() -> None:
    assert isinstance(nn.Conv2d(1, 1, 1), Module)
    assert issubclass(nn.Conv2d, Module)
    assert isinstance(nn.Sequential(), Sequential)
    assert isinstance(Sequential(), nn.Sequential)
    assert isinstance(Net(), Module)
    assert not isinstance(nn.Conv2d(1, 1, 1), Net)
    assert not isinstance(nn.ReLU(), Sequential)
    assert not issubclass(int, Module)
    assert not isinstance(Module, Module)


def test_our_classes_mix_with_abstract_ones() -> None:
    class Abstract(Module, abc.ABC):
        @abc.abstractmethod
        def forward(self, x: Any) -> Any: ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()


def test_the_constructor_is_recorded() -> None:
    assert Net(channels=4).constructor == {
        "target": f"{__name__}:Net",
        "parameters": {"channels": 4, "norm": {"class": "mcore.layers:BatchNorm2d"}},
    }
    for kind in (ModuleList, ModuleDict, Sequential):
        assert kind().constructor["target"] == f"mcore.module:{kind.__name__}"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_keep_it(duplicate: Any) -> None:
    net = Net(4)
    other = duplicate(net)
    assert other.constructor == net.constructor
    assert list(other.state_dict()) == list(net.state_dict())


class Site(Module):
    """A module of a third party that means something else by ``constructor``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.constructor = nn.Conv2d(2, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.constructor(x)


def test_a_submodule_of_that_name_stays_one(tmp_path: Path) -> None:
    net = Site(3)
    assert isinstance(net.constructor, nn.Conv2d)
    assert list(net.state_dict()) == ["constructor.weight", "constructor.bias"]
    everything_of_torch_works_on(net)
    found = net.toplatform(tmp_path / "site", sampling=Sampling.image(2, SIZES, minimum=4)).manifest.constructor
    assert found == {"target": f"{__name__}:Site", "parameters": {"width": 3}}
    again = Site.fromplatform(tmp_path / "site")
    assert torch.equal(again.constructor.weight, net.constructor.weight)


def test_containers_work_as_torch_s() -> None:
    layers = Sequential(nn.ReLU(), nn.Tanh())[1:]
    assert type(layers) is Sequential
    assert [k for k, _ in ModuleDict({"a": nn.ReLU()}).named_children()] == ["a"]
    assert len(ModuleList([nn.ReLU()]).append(nn.Tanh())) == 2


def everything_of_torch_works_on(net: nn.Module) -> None:
    net.eval()
    x = torch.randn(2, 2, 6, 5)
    wanted = net(x)
    for other in (
        torch.fx.symbolic_trace(net),
        torch.export.export(net, (x,)).module(),
        torch.jit.trace(net, (x,)),
    ):
        torch.testing.assert_close(other(x), wanted)


def test_torch_s_own_tools_take_our_modules() -> None:
    everything_of_torch_works_on(Net())


def test_adopted_networks_are_convertible_and_still_torch_s(third_party: Any, tmp_path: Path) -> None:
    for kind in (third_party.Mixed, third_party.Features):
        net = kind()
        assert Module in kind.__mro__
        assert net.constructor == {"target": f"third_party_networks:{kind.__name__}", "parameters": {}}
        everything_of_torch_works_on(net)
    net = third_party.Mixed()
    net.toplatform(tmp_path / "mixed", sampling=Sampling.image(2, SIZES, minimum=4))
    x = torch.randn(1, 2, 7, 9)
    for restored in (
        third_party.Mixed.fromplatform(tmp_path / "mixed"),
        Module.fromplatform(tmp_path / "mixed", trusted=["third_party_networks"]),
    ):
        torch.testing.assert_close(restored(x), net.eval()(x), rtol=0, atol=0)


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_replaced_is_put_back(fails: bool) -> None:
    before = {name: getattr(nn, name) for name in ("Module", "Sequential", "ModuleList", "ModuleDict")}
    try:
        with adopt():
            assert nn.Module is nn.modules.Module is Module
            assert nn.ModuleList is ModuleList
            if fails:
                raise ImportError("third party")
    except ImportError:
        assert fails
    assert {name: getattr(nn, name) for name in before} == before
    assert nn.modules.Module is before["Module"]


def test_modules_in_place_of_torch_s_for_good_build_run_and_export() -> None:
    code = """
import torch, mcore
torch.nn.Module = mcore.Module
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 1)
    def forward(self, x):
        return self.conv(x).relu()
net, x = Net().eval(), torch.randn(1, 2, 4, 4)
torch.testing.assert_close(torch.export.export(net, (x,)).module()(x), net(x))
assert callable(net.toplatform)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_a_round_trip_gives_the_same_outputs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Net(4)
    conversion = net.toplatform(tmp_path / "net", architecture="net", kind="network")
    assert conversion.manifest.constructor == net.constructor
    x = torch.randn(2, 2, 11, 8)
    wanted = net.eval()(x)
    restored = Net.fromplatform(tmp_path / "net")
    assert type(restored) is Net
    assert not restored.training
    torch.testing.assert_close(restored(x), wanted, rtol=0, atol=0)
    torch.testing.assert_close(fromplatform(tmp_path / "net")(x), wanted)


class Branching(Module):
    """Computes something else on small images, so that its bundle has a graph for each; one layer has two names."""

    sampling = Sampling.image(2, SIZES, minimum=4)

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, channels, 1)
        self.small, self.large = nn.Conv2d(channels, 2, 1), nn.Conv2d(channels, 2, 1)
        self.shared = self.conv

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.shared(x).relu()
        return self.large(features) if x.shape[-1] > 14 else self.small(features)


def test_a_bundle_of_several_graphs_gives_one_network_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Branching(4)
    conversion = net.toplatform(tmp_path / "net", architecture="net", kind="network")
    assert len(conversion.manifest.report["graphs"]) > 1
    net.eval()
    for restored in (Branching.fromplatform(tmp_path / "net"), fromplatform(tmp_path / "net")):
        for size in (*SIZES, (8, 15), (8, 14)):
            x = torch.randn(1, 2, *size)
            torch.testing.assert_close(restored(x), net(x))


def test_leaves_convert_by_the_function(tmp_path: Path) -> None:
    leaf = nn.Conv2d(2, 3, 3)
    assert not hasattr(leaf, "toplatform")
    toplatform(leaf, tmp_path / "leaf", sampling=Net.sampling)
    x = torch.randn(1, 2, 6, 6)
    torch.testing.assert_close(fromplatform(tmp_path / "leaf")(x), leaf(x))
    with pytest.raises(BackendError, match="constructor is not of the form"):
        Module.fromplatform(tmp_path / "leaf")


def test_a_bundle_of_another_class(tmp_path: Path) -> None:
    class Other(Net):
        pass

    Net().toplatform(tmp_path / "net")
    with pytest.raises(BackendError, match="holds a Net, not a Other"):
        Other.fromplatform(tmp_path / "net")


def test_a_skeleton_has_shapes_without_memory_and_draws_nothing() -> None:
    whole, before = Net(4), torch.get_rng_state()
    with skeleton():
        assert in_skeleton()
        net = Net(4)
    assert not in_skeleton()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(value.is_meta for value in net.state_dict().values())
    assert {k: v.shape for k, v in net.state_dict().items()} == {k: v.shape for k, v in whole.state_dict().items()}
    assert net.constructor == whole.constructor
    assert not any(value.is_meta for value in Net(4).state_dict().values())
