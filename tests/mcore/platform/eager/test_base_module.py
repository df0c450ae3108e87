"""Modes, dtypes and text of Module, and what it says of training and conversion."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from mcore.platform.dtypes import DType
from mcore.platform.eager import layers, module
from mcore.platform.eager.module import Module, Sequential
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError
from tests.mcore.platform.eager.parity import normal


def network() -> Sequential:
    return Sequential(layers.Conv2d(2, 3, 1), Sequential(layers.BatchNorm2d(3), layers.Dropout()))


def test_modes_reach_every_module() -> None:
    net = network()
    assert all(m.training for m in net.modules())
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net[1].train()
    assert [m.training for m in net.modules()] == [False, False, True, True, True]
    assert not any(m.training for m in net.train(False).modules())


def test_dtypes_reach_what_is_floating() -> None:
    net = network()
    weight = net[0].weight
    assert net.half() is net
    kinds = {key: value.dtype for key, value in net.state_dict().items()}
    assert kinds.pop("1.0.num_batches_tracked") is DType.INT64
    assert set(kinds.values()) == {DType.FLOAT16}
    assert net[0].weight is weight
    assert net(Tensor(normal(2, 2, 3, 3, dtype="float16"))).dtype is DType.FLOAT16
    assert net.double()[0].weight.dtype is DType.FLOAT64
    assert net.to(dtype=DType.FLOAT16)[0].weight.dtype is DType.FLOAT16
    assert net.to("cpu", DType.FLOAT32)[0].weight.dtype is DType.FLOAT32
    assert net.half().float().cpu()[0].weight.dtype is DType.FLOAT32


def test_there_is_no_other_device() -> None:
    for arguments in ({"device": "cuda"}, {"device": "mps"}):
        with pytest.raises(BackendError, match=f"computes on the CPU, it has no device {arguments['device']!r}"):
            network().to(**arguments)


def test_gradients_are_asked_for_in_vain() -> None:
    net = network()
    assert net.requires_grad_(True) is net
    assert not any(p.requires_grad for p in net.parameters())
    assert net.zero_grad() is None
    for parameter in net.parameters():
        parameter.requires_grad = False
    with pytest.raises(BackendError, match="train with MCORE_BACKEND=torch"):
        net.eval()(Tensor(normal(1, 2, 3, 3))).sum().backward()


@pytest.mark.parametrize("convert", [lambda net, f: net.toplatform(f), lambda net, f: module.toplatform(net, f)])
def test_conversion_is_torch_s(convert: object, tmp_path: Path) -> None:
    assert callable(convert)
    with pytest.raises(BackendError, match="run it with MCORE_BACKEND=torch"):
        convert(network(), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_adopting_is_torch_s() -> None:
    with pytest.raises(BackendError, match="MCORE_BACKEND=torch"):
        module.adopt()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_compute_the_same_and_share_nothing(duplicate: object) -> None:
    assert callable(duplicate)
    net, x = network().eval(), Tensor(normal(1, 2, 3, 3))
    other = duplicate(net)
    assert np.array_equal(other(x), net(x))
    assert other.constructor == net.constructor
    other[0].weight.numpy()[...] = 0.0
    assert not np.array_equal(other(x), net(x))


def test_a_module_without_forward_says_so() -> None:
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty defines no forward"):
        Empty()(1)


def test_defaults_of_what_conversion_asks() -> None:
    assert Module.sampling is None
    assert Module.parts == {}


def test_text() -> None:
    class Scale(Module):
        def __init__(self, factor: float, layer: Module) -> None:
            super().__init__()

    assert repr(Scale(2.0, layers.ReLU())) == "Scale(factor=2.0)"
    assert repr(network()).splitlines() == [
        "Sequential(",
        "  (0): Conv2d(2, 3, kernel_size=(1, 1), stride=(1, 1))",
        "  (1): Sequential(",
        "    (0): BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
        "    (1): Dropout(p=0.5, inplace=False)",
        "  )",
        ")",
    ]
