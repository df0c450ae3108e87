"""Registration and traversal against torch's: one network, written once, built on both backends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.eager import layers, tensor
from mcore.platform.eager.module import Module, ModuleDict, ModuleList, Sequential

PLATFORM = SimpleNamespace(
    Module=Module,
    Sequential=Sequential,
    ModuleList=ModuleList,
    ModuleDict=ModuleDict,
    Conv2d=layers.Conv2d,
    BatchNorm2d=layers.BatchNorm2d,
    ReLU=layers.ReLU,
    Parameter=tensor.Parameter,
    tensor=lambda values: tensor.tensor(values),
)
TORCH = SimpleNamespace(**{name: getattr(torch.nn, name) for name in vars(PLATFORM) if name != "tensor"})
TORCH.tensor = torch.tensor


def network(nn: SimpleNamespace) -> Any:
    """Everything that can be registered: shared modules and parameters, absent ones, buffers of both kinds."""

    class Block(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.register_buffer("scale", nn.tensor([2.0]))
            self.register_buffer("grid", nn.tensor([1.0, 2.0]), persistent=False)
            self.register_buffer("absent", None)
            self.conv = nn.Conv2d(channels, channels, 1)
            self.gain = nn.Parameter(nn.tensor([0.5]))
            self.register_parameter("offset", None)
            self.plain = "text"

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block(2)
            self.layers = nn.Sequential(nn.Conv2d(2, 2, 1, bias=False), nn.BatchNorm2d(2), nn.ReLU())
            self.list = nn.ModuleList([Block(2), self.block])
            self.dict = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Sequential()})
            self.again = self.layers[0]
            self.tied = nn.Parameter(nn.tensor([1.0]))
            self.block.gain = self.tied
            self.nothing = None
            self.add_module("odd name", nn.ReLU())

    return Network()


OURS, THEIRS = network(PLATFORM), network(TORCH)


@pytest.mark.parametrize(
    "question",
    [
        lambda n: list(n.state_dict()),
        lambda n: [(k, tuple(v.shape)) for k, v in n.state_dict().items()],
        lambda n: list(n.state_dict(prefix="p.")),
        lambda n: [(k, type(v).__name__) for k, v in n.named_modules()],
        lambda n: [k for k, _ in n.named_modules(prefix="p", remove_duplicate=False)],
        lambda n: [k for k, _ in n.named_parameters()],
        lambda n: [k for k, _ in n.named_parameters("p", remove_duplicate=False)],
        lambda n: [k for k, _ in n.block.named_parameters(recurse=False)],
        lambda n: [k for k, _ in n.named_buffers()],
        lambda n: [k for k, _ in n.named_children()],
        lambda n: [type(m).__name__ for m in n.modules()],
        lambda n: (len(list(n.parameters())), len(list(n.buffers())), len(list(n.children()))),
        lambda n: type(n.get_submodule("list.0.conv")).__name__,
        lambda n: n.get_submodule("") is n,
        lambda n: tuple(n.get_parameter("list.0.conv.weight").shape),
        lambda n: [n.block.absent, n.block.offset, n.block.plain],
        lambda n: "gain" in dir(n.block) and "conv" in dir(n.block),
    ],
)
def test_both_backends_answer_the_same(question: Any) -> None:
    assert question(OURS) == question(THEIRS)


def visited(nn: SimpleNamespace) -> list[str]:
    seen: list[str] = []
    network(nn).apply(lambda m: seen.append(type(m).__name__))
    return seen


def test_apply_visits_in_torch_s_order() -> None:
    assert visited(PLATFORM) == visited(TORCH)


@pytest.mark.parametrize("nn", [PLATFORM, TORCH], ids=["platform", "torch"])
def test_assignment_and_deletion(nn: SimpleNamespace) -> None:
    module = network(nn).block
    module.scale = nn.tensor([3.0])
    assert module.state_dict()["scale"].item() == 3.0
    module.gain = None
    assert "gain" not in module.state_dict()
    module.plain = nn.ReLU()
    assert [k for k, _ in module.named_children()] == ["conv", "plain"]
    module.plain = None
    assert [k for k, _ in module.named_children()] == ["conv"]
    module.grid = nn.Parameter(nn.tensor([1.0]))
    assert "grid" in module.state_dict()
    del module.conv
    del module.scale
    assert list(module.state_dict()) == ["grid"]
    module.extra = 5
    del module.extra
    for name in ("conv", "extra"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            getattr(module, name)


@pytest.mark.parametrize("nn", [PLATFORM, TORCH], ids=["platform", "torch"])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda nn, m: setattr(m, "gain", "text"), TypeError),
        (lambda nn, m: setattr(m, "conv", 1), TypeError),
        (lambda nn, m: m.register_buffer("b", "text"), TypeError),
        (lambda nn, m: m.register_parameter("p", nn.tensor([1.0])), TypeError),
        (lambda nn, m: m.add_module("m", 1), TypeError),
        (lambda nn, m: m.register_buffer("a.b", None), KeyError),
        (lambda nn, m: m.add_module("", nn.ReLU()), KeyError),
        (lambda nn, m: m.register_parameter("forward", None), KeyError),
        (lambda nn, m: m.register_buffer("plain", None), KeyError),
        (lambda nn, m: m.register_buffer("conv", None), KeyError),
        (lambda nn, m: m.get_submodule("conv.weight"), AttributeError),
        (lambda nn, m: m.get_parameter("conv"), AttributeError),
        (lambda nn, m: m.get_parameter("conv.none"), AttributeError),
    ],
)
def test_what_torch_refuses_is_refused(nn: SimpleNamespace, change: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        change(nn, network(nn).block)


@pytest.mark.parametrize("nn", [PLATFORM, TORCH], ids=["platform", "torch"])
def test_parameters_before_the_constructor_of_module_are_refused(nn: SimpleNamespace) -> None:
    class Hasty(nn.Module):
        def __init__(self) -> None:
            self.name = "kept"
            self.layer = nn.ReLU()

    with pytest.raises(AttributeError, match=r"__init__\(\)"):
        Hasty()


def test_a_tied_parameter_is_one_tensor() -> None:
    OURS.tied.numpy()[...] = 4.0
    assert OURS.block.gain is OURS.tied
    assert OURS.state_dict()["list.1.gain"].item() == 4.0


def test_the_text_of_a_network_shows_its_tree() -> None:
    lines = repr(OURS).splitlines()
    assert lines[:2] == ["Network(", "  (block): Block("]
    assert any(line.startswith("    (1): BatchNorm2d(2, eps=1e-05") for line in lines)
    assert lines[-1] == ")"
    assert np.array_equal([line.count("(") for line in lines[:1]], [1])


#: What a drawn module holds under each name: how to make it on a backend, with the names of the parts of drawn modules.
MAKERS = {
    "conv": lambda nn, parts: nn.Conv2d(2, 2, 1),
    "norm": lambda nn, parts: nn.BatchNorm2d(2),
    "parameter": lambda nn, parts: nn.Parameter(nn.tensor([1.0])),
    "sequence": lambda nn, parts: nn.Sequential(*(assemble(nn, p) for p in parts)),
    "list": lambda nn, parts: nn.ModuleList([assemble(nn, p) for p in parts]),
    "dict": lambda nn, parts: nn.ModuleDict({f"k{i}": assemble(nn, p) for i, p in enumerate(parts)}),
    "module": lambda nn, parts: assemble(nn, [("m", p) for p in parts]),
    "text": lambda nn, parts: "text",
}
names = st.sampled_from(["a", "b", "c", "weight", "B2"])
trees = st.recursive(
    st.tuples(st.sampled_from(["conv", "norm"]), st.just([])),
    lambda inner: st.tuples(st.sampled_from(["sequence", "list", "dict", "module"]), st.lists(inner, max_size=3)),
    max_leaves=6,
)
steps = st.one_of(
    st.tuples(st.just("set"), names, trees),
    st.tuples(st.just("set"), names, st.sampled_from([("parameter", []), ("text", [])])),
    st.tuples(st.just("clear"), names),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("buffer"), names, st.booleans()),
)


def assemble(nn: SimpleNamespace, tree: Any) -> Any:
    """The module that ``tree`` describes; a list of named trees is a plain module."""
    if isinstance(tree, list):
        module = nn.Module()
        for index, (name, part) in enumerate(tree):
            setattr(module, f"{name}{index}", assemble(nn, part))
        return module
    kind, parts = tree
    return MAKERS[kind](nn, parts)


def apply_step(nn: SimpleNamespace, module: Any, step: Any) -> str:
    """Change ``module``; the name of the error if it refuses."""
    try:
        if step[0] == "set":
            setattr(module, step[1], assemble(nn, step[2]))
        elif step[0] == "clear":
            setattr(module, step[1], None)
        elif step[0] == "delete":
            delattr(module, step[1])
        else:
            module.register_buffer(step[1], nn.tensor([2.0]), persistent=step[2])
    except (AttributeError, KeyError, TypeError) as error:
        return type(error).__name__
    return "done"


@settings(max_examples=150)
@given(st.lists(steps, max_size=8))
def test_any_sequence_of_changes_leaves_both_backends_alike(changes: list[Any]) -> None:
    ours, theirs = PLATFORM.Module(), TORCH.Module()
    for change in changes:
        assert apply_step(PLATFORM, ours, change) == apply_step(TORCH, theirs, change)
    assert [(k, tuple(v.shape)) for k, v in ours.state_dict().items()] == [
        (k, tuple(v.shape)) for k, v in theirs.state_dict().items()
    ]
    for question in ("named_modules", "named_parameters", "named_buffers", "named_children"):
        assert [k for k, _ in getattr(ours, question)()] == [k for k, _ in getattr(theirs, question)()]
