"""Networks of the Platform backend rebuilt from a bundle: its constructor followed, its weights loaded, all or an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.eager import layers, module
from mcore.platform.eager.module import Module
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError, FormatError
from mcore.platform.format import write_bundle
from mcore.platform.graph import Graph, Node, Symbol, TensorType
from tests.mcore.platform.eager.parity import normal


class Net(Module):
    def __init__(self, channels: int, norm: type[Module] = layers.BatchNorm2d) -> None:
        super().__init__()
        self.conv = layers.Conv2d(2, channels, 1)
        self.norm = norm(channels)

    def forward(self, x: Tensor) -> Any:
        return self.norm(self.conv(x))


def bundle(folder: Path, net: Net, *, constructor: Any = None, with_norm: bool = True) -> Path:
    """A bundle of ``net`` as conversion makes it: the graph, the weights that it uses, and the constructor."""
    image, mapped = ((symbol("N"), channels, symbol("H"), symbol("W")) for channels in (2, net.conv.out_channels))
    last = "normed" if with_norm else "mapped"
    nodes = [Node("conv2d", ("x", "@conv.weight", "@conv.bias"), ("mapped",), {}, "conv")]
    if with_norm:
        statistics = [f"@norm.{s}" for s in ("running_mean", "running_var", "weight", "bias")]
        nodes.append(Node("batch_norm", ("mapped", *statistics), ("normed",), {}, "norm"))
    used = {i[1:] for node in nodes for i in node.inputs if i and i.startswith("@")}
    weights = {key: value.numpy() for key, value in net.state_dict().items() if key in used}
    types = {"x": TensorType(DType.FLOAT32, image)}
    graph = Graph(
        inputs=types,
        outputs={"out": last},
        nodes=tuple(nodes),
        weights={key: TensorType(DType.FLOAT32, array.shape) for key, array in weights.items()},
        types={**types, **{node.outputs[0]: TensorType(DType.FLOAT32, mapped) for node in nodes}},
        symbols={name: Symbol(name) for name in "NHW"},
    )
    recorded = net.constructor if constructor is None else constructor
    write_bundle(folder, graph=graph, weights=weights, samples=[], architecture="net", constructor=recorded)
    return folder


def perturbed(**arguments: Any) -> Net:
    net = Net(3, **arguments)
    for tensor in net.state_dict().values():
        if tensor.is_floating_point():
            tensor.numpy()[...] += np.abs(normal(*tensor.shape))
    return net.eval()


def test_it_computes_what_it_did(tmp_path: Path) -> None:
    net, x = perturbed(), Tensor(normal(2, 2, 4, 5))
    folder = bundle(tmp_path / "net", net)
    restored = Net.fromplatform(folder)
    assert type(restored) is Net
    assert not restored.training
    assert np.array_equal(restored(x), net(x))
    assert restored.constructor == net.constructor
    assert np.array_equal(Module.fromplatform(str(folder), trusted=["tests"])(x), net(x))


def test_a_class_that_nobody_vouched_for_is_not_imported(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "net", perturbed())
    for load in (Module.fromplatform, module.fromplatform):
        with pytest.raises(BackendError, match="outside the trusted packages mcore, models: name 'tests' as trusted"):
            load(folder)


def test_another_class_than_asked_for(tmp_path: Path) -> None:
    class Other(Net):
        pass

    folder = bundle(tmp_path / "net", perturbed())
    with pytest.raises(BackendError, match="holds a Net, not a Other"):
        Other.fromplatform(folder)


@pytest.mark.parametrize(
    ("constructor", "message"),
    [
        ({}, "constructor is not of the form"),
        (
            {"target": f"{__name__}:Net", "parameters": {"channels": 4}},
            r"do not fit Net: .*conv.weight is \(3, 2, 1, 1\)",
        ),
        ({"target": f"{__name__}:Net", "parameters": {"channels": {"unrecordable": "object"}}}, r"Net\(channels\)"),
    ],
)
def test_a_constructor_that_does_not_lead_there(tmp_path: Path, constructor: Mapping[str, Any], message: str) -> None:
    folder = bundle(tmp_path / "net", perturbed(), constructor=constructor)
    with pytest.raises(BackendError, match=message):
        Net.fromplatform(folder)


def test_weights_that_the_graph_does_not_use_are_missing_unless_that_is_allowed(tmp_path: Path) -> None:
    net = perturbed()
    folder = bundle(tmp_path / "net", net, with_norm=False)
    with pytest.raises(BackendError, match=r"lacks weights of Net: norm\.weight, norm\.bias, .*strict=False"):
        Net.fromplatform(folder)
    restored = Net.fromplatform(folder, strict=False)
    assert np.array_equal(restored.conv.weight, net.conv.weight)
    assert restored.norm.weight.tolist() == [1.0, 1.0, 1.0]


def test_a_bundle_that_was_tampered_with(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "net", perturbed())
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(FormatError, match=r"weights\.safetensors"):
        Net.fromplatform(folder)
