"""Every layer of the contract against torch's: outputs for the same weights, state_dict, constructor and attributes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch

from mcore.contract import LAYERS
from mcore.platform.eager import layers
from tests.mcore.platform.eager.layers.pairs import check_layer, pair
from tests.mcore.platform.eager.parity import normal

MAP, SEQUENCE, ROWS = normal(2, 6, 9, 11), normal(2, 6, 11), normal(5, 6)

#: Constructor arguments and an input for each case.
CASES: dict[str, list[tuple[np.ndarray, tuple[Any, ...], dict[str, Any]]]] = {
    "Conv1d": [
        (SEQUENCE, (6, 4, 3), {}),
        (SEQUENCE, (6, 4, 3, 2, 1), {"bias": False, "groups": 2}),
        (SEQUENCE, (6, 4, 3), {"padding": "same", "padding_mode": "replicate"}),
    ],
    "Conv2d": [
        (MAP, (6, 4, 3), {}),
        (MAP, (6, 4, (3, 5), (2, 1), (1, 2), (1, 2), 2, False), {}),
        (MAP, (6, 6, 3, 1, 1), {"groups": 6}),
        (MAP, (6, 4, 3), {"padding": "same", "dilation": 2}),
        (MAP, (6, 4, 3), {"padding": "valid", "padding_mode": "reflect"}),
        (MAP, (6, 4, 3), {"padding": (1, 2), "padding_mode": "reflect"}),
        (MAP, (6, 4, (3, 2)), {"padding": "same", "dilation": (1, 2), "padding_mode": "circular"}),
    ],
    "ConvTranspose2d": [
        (MAP, (6, 4, 2, 2), {}),
        (MAP, (6, 4, (3, 2)), {"stride": (2, 3), "padding": 1, "output_padding": 1, "groups": 2, "dilation": (1, 2)}),
        (MAP, (6, 4, 3), {"bias": False}),
    ],
    "Linear": [(ROWS, (6, 4), {}), (normal(2, 3, 6), (6, 4, False), {})],
    "BatchNorm1d": [(ROWS, (6,), {}), (SEQUENCE, (6,), {"eps": 0.1})],
    "BatchNorm2d": [
        (MAP, (6,), {}),
        (MAP, (6, 0.1), {"affine": False}),
        (MAP, (6,), {"track_running_stats": False}),
        (MAP, (6,), {"bias": False, "momentum": None}),
    ],
    "GroupNorm": [(MAP, (3, 6), {"bias": False}), (MAP, (3, 6), {}), (ROWS, (2, 6, 0.1, False), {})],
    "InstanceNorm2d": [
        (MAP, (6,), {}),
        (MAP[0], (6,), {"affine": True}),
        (MAP, (6, 0.1), {"affine": True, "track_running_stats": True}),
    ],
    "LayerNorm": [
        (ROWS, (6,), {}),
        (MAP, ((9, 11),), {"eps": 0.1}),
        (MAP, ([11],), {"bias": False}),
        (ROWS, (6,), {"elementwise_affine": False}),
    ],
    "ELU": [(MAP, (), {}), (MAP, (0.5, True), {})],
    "GELU": [(MAP, (), {}), (MAP, (), {"approximate": "tanh"})],
    **{n: [(MAP * 3, (), {}), (MAP * 3, (True,), {})] for n in ("Hardsigmoid", "Hardswish", "Mish", "ReLU")},
    **{n: [(MAP * 3, (), {}), (MAP * 3, (True,), {})] for n in ("ReLU6", "SiLU")},
    "Hardtanh": [(MAP, (), {}), (MAP, (-0.2, 0.7), {"inplace": True})],
    "LeakyReLU": [(MAP, (), {}), (MAP, (0.3, True), {})],
    "LogSoftmax": [(ROWS, (1,), {}), (MAP, (), {"dim": -1})],
    "PReLU": [(MAP, (), {}), (MAP, (6,), {"init": 0.5})],
    "Sigmoid": [(MAP, (), {})],
    "Softmax": [(ROWS, (1,), {}), (MAP, (), {"dim": -1})],
    "Softplus": [(MAP * 9, (), {}), (MAP * 3, (2.0, 3.0), {})],
    "Tanh": [(MAP, (), {})],
    "AdaptiveAvgPool2d": [(MAP, (1,), {}), (MAP[0], ((4, 3),), {}), (MAP, ((None, 5),), {})],
    "AdaptiveMaxPool2d": [(MAP, (1,), {}), (MAP[0], ((4, 3),), {})],
    "AvgPool2d": [
        (MAP, (2,), {}),
        (MAP, ((3, 2), 2, (1, 0)), {"ceil_mode": True, "count_include_pad": False}),
        (MAP[0], (3,), {"divisor_override": 5}),
    ],
    "MaxPool2d": [(MAP, (2,), {}), (MAP, (3, 2, 1), {"ceil_mode": True}), (MAP[0], ((3, 2), 1), {"dilation": 2})],
    "Flatten": [(MAP, (), {}), (MAP, (2,), {}), (MAP, (1, 2), {})],
    "Identity": [(MAP, (), {}), (MAP, (54, "any"), {"thing": True})],
    "PixelShuffle": [(normal(2, 8, 3, 4), (2,), {})],
    "PixelUnshuffle": [(normal(2, 3, 6, 4), (2,), {})],
    "Upsample": [
        (MAP, (), {"scale_factor": 2}),
        (MAP, ((5, 7),), {"mode": "bilinear"}),
        (MAP, (), {"scale_factor": (1.5, 2.3), "mode": "bilinear", "align_corners": True}),
        (MAP, (), {"scale_factor": 1.7, "mode": "bicubic", "recompute_scale_factor": True}),
    ],
    "ChannelShuffle": [(MAP, (3,), {}), (ROWS[..., None], (2,), {})],
    "ReflectionPad2d": [(MAP, (2,), {}), (MAP[0], ((1, 0, 2, 3),), {})],
    "ReplicationPad2d": [(MAP, (2,), {}), (MAP, ((1, 0, 2, 3),), {})],
    "ZeroPad2d": [(MAP, (2,), {}), (MAP, ((1, 0, -2, 3),), {})],
    "Dropout": [(MAP, (), {})],
    "Dropout2d": [(MAP, (0.3, True), {})],
}

PARAMETERS = [pytest.param(n, *c, id=f"{n}-{i}") for n, cases in CASES.items() for i, c in enumerate(cases)]


def test_every_layer_of_the_contract_has_a_case() -> None:
    assert sorted(CASES) == sorted(LAYERS)
    assert sorted(layers.__all__) == sorted(LAYERS)


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), PARAMETERS)
def test_outputs_are_torch_s(name: str, x: np.ndarray, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    check_layer(name, x, *args, **kwargs)


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), [p for p in PARAMETERS if "Dropout" not in str(p.id)])
def test_outputs_in_training_are_torch_s(name: str, x: np.ndarray, args: tuple[Any, ...], kwargs: Any) -> None:
    check_layer(name, x, *args, training=True, **kwargs)


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), PARAMETERS)
def test_state_and_attributes_are_torch_s(name: str, x: np.ndarray, args: tuple[Any, ...], kwargs: Any) -> None:
    ours, theirs = pair(name, *args, **kwargs)
    for key, value in theirs.state_dict().items():
        assert ours.state_dict()[key].shape == tuple(value.shape)
        assert ours.state_dict()[key].dtype.value == str(value.dtype).removeprefix("torch.")
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in ours.named_buffers()] == [n for n, _ in theirs.named_buffers()]
    for parameter in set(signature(getattr(torch.nn, name))) - {"args", "kwargs", "bias", "track_running_stats"}:
        if hasattr(theirs, parameter):
            assert getattr(ours, parameter) == getattr(theirs, parameter), parameter


def signature(kind: type) -> dict[str, Any]:
    """Names of the parameters of a constructor with their defaults, but for where and as what torch allocates."""
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in ("device", "dtype")}


#: What is not taken: torch's deprecated names, and arguments that it ignores.
NOT_TAKEN = {"Hardtanh": {"min_value", "max_value"}, "Sigmoid": {"args", "kwargs"}, "Tanh": {"args", "kwargs"}}


@pytest.mark.parametrize("name", LAYERS)
def test_constructors_have_torch_s_parameters_and_defaults(name: str) -> None:
    ours, theirs = signature(getattr(layers, name)), signature(getattr(torch.nn, name))
    assert list(ours.items()) == [(n, d) for n, d in theirs.items() if n not in NOT_TAKEN.get(name, ())]


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_documented_and_prints_its_arguments(name: str) -> None:
    kind = getattr(layers, name)
    assert kind.__doc__
    _, args, kwargs = CASES[name][0]
    assert repr(kind(*args, **kwargs)).startswith(f"{name}(")
