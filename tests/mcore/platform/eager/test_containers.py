"""Containers against torch's: the same steps on both, then keys, order and what is in them."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mcore.platform.eager import layers
from mcore.platform.eager.module import ModuleDict, ModuleList, Sequential
from mcore.platform.eager.tensor import Tensor

NAMES = ("ReLU", "Tanh", "ELU", "GELU", "SiLU", "Sigmoid")
PLATFORM = SimpleNamespace(Sequential=Sequential, ModuleList=ModuleList, ModuleDict=ModuleDict)
TORCH = SimpleNamespace(**{name: getattr(torch.nn, name) for name in vars(PLATFORM)})
for name in NAMES:
    setattr(PLATFORM, name, getattr(layers, name))
    setattr(TORCH, name, getattr(torch.nn, name))


def three(nn: SimpleNamespace) -> list[Any]:
    return [nn.ReLU(), nn.Tanh(), nn.ELU()]


def named(nn: SimpleNamespace) -> Any:
    return nn.Sequential(OrderedDict(zip("abc", three(nn), strict=True)))


def contents(container: Any) -> list[tuple[str, str]]:
    return [(name, type(module).__name__) for name, module in container.named_children()]


def inserted(container: Any, index: int, module: Any) -> Any:
    container.insert(index, module)
    return container


def after(nn: SimpleNamespace, steps: Any) -> Any:
    result = steps(nn)
    return contents(result) if hasattr(result, "named_children") else result


@pytest.mark.parametrize(
    "steps",
    [
        lambda nn: nn.Sequential(*three(nn)),
        lambda nn: nn.Sequential(),
        lambda nn: named(nn),
        lambda nn: nn.Sequential(*three(nn))[1:],
        lambda nn: named(nn)[::2],
        lambda nn: named(nn) + nn.Sequential(nn.GELU()),
        lambda nn: nn.Sequential(*three(nn)).append(nn.GELU()).extend([nn.SiLU()]),
        lambda nn: nn.Sequential(*three(nn)).insert(1, nn.GELU()),
        lambda nn: [type(m).__name__ for m in nn.Sequential(*three(nn))],
        lambda nn: len(named(nn)),
        lambda nn: nn.ModuleList(three(nn)),
        lambda nn: nn.ModuleList(),
        lambda nn: nn.ModuleList(three(nn))[:2],
        lambda nn: nn.ModuleList(three(nn))[-2:],
        lambda nn: nn.ModuleList(three(nn)) + three(nn),
        lambda nn: inserted(nn.ModuleList(three(nn)), 0, nn.GELU()),
        lambda nn: inserted(nn.ModuleList(three(nn)), 2, nn.GELU()),
        lambda nn: nn.ModuleList(three(nn)).append(nn.GELU()).extend(three(nn)),
        lambda nn: nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()}),
        lambda nn: nn.ModuleDict([("b", nn.ReLU()), ("a", nn.Tanh())]),
        lambda nn: nn.ModuleDict(),
        lambda nn: (list(nn.ModuleDict({"a": nn.ReLU()}).keys()), "a" in nn.ModuleDict({"a": nn.ReLU()})),
        lambda nn: list(nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()})),
    ],
)
def test_they_hold_what_torch_s_hold(steps: Any) -> None:
    assert after(PLATFORM, steps) == after(TORCH, steps)


def changed(nn: SimpleNamespace, change: Any) -> list[Any]:
    results = []
    for container in (nn.Sequential(*three(nn)), nn.ModuleList(three(nn))):
        returned = change(nn, container)
        results.append((contents(container), type(returned).__name__))
    return results


@pytest.mark.parametrize(
    "change",
    [
        lambda nn, c: c.__setitem__(-1, nn.GELU()),
        lambda nn, c: c.__delitem__(0),
        lambda nn, c: c.__delitem__(slice(0, 2)),
        lambda nn, c: c.pop(-1),
        lambda nn, c: c.pop(0),
        lambda nn, c: c.__iadd__(type(c)() + type(c)()),
        lambda nn, c: c[-1],
    ],
)
def test_they_change_as_torch_s_change(change: Any) -> None:
    assert changed(PLATFORM, change) == changed(TORCH, change)


@pytest.mark.parametrize("nn", [PLATFORM, TORCH], ids=["platform", "torch"])
@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range(nn: SimpleNamespace, index: int) -> None:
    for container in (nn.Sequential(*three(nn)), nn.ModuleList(three(nn))):
        with pytest.raises(IndexError, match="out of range"):
            container[index]


def test_a_dictionary_changes_by_name() -> None:
    container = ModuleDict({"a": layers.ReLU(), "b": layers.Tanh()})
    container["c"] = layers.ELU()
    container.update({"a": layers.GELU()})
    del container["b"]
    assert contents(container) == [("a", "GELU"), ("c", "ELU")]
    assert [type(m).__name__ for m in container.values()] == ["GELU", "ELU"]
    assert [(k, type(m).__name__) for k, m in container.items()] == contents(container)
    assert type(container.pop("a")).__name__ == "GELU"
    assert len(container) == 1
    container.clear()
    assert not container.keys()
    with pytest.raises(KeyError):
        _ = container["a"]


def test_a_sequence_runs_in_order_and_the_others_do_not_run() -> None:
    assert Sequential(layers.ReLU(), layers.Hardtanh(0.0, 2.0))(Tensor([-1.0, 1.0, 3.0])).tolist() == [0.0, 1.0, 2.0]
    assert Sequential()(5) == 5
    for container in (ModuleList(), ModuleDict()):
        with pytest.raises(NotImplementedError, match="defines no forward"):
            container(Tensor([1.0]))
