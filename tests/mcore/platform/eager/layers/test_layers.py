"""Every layer of the contract against torch's: outputs for the same weights, state_dict, constructor and attributes."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
import torch

from mcore.contract import LAYERS
from mcore.platform.eager import layers
from mcore.platform.eager.tensor import Tensor
from tests.mcore.platform.eager.layers.pairs import check_layer, pair
from tests.mcore.platform.eager.parity import normal, same

MAP, SEQUENCE, ROWS, VOLUME = normal(2, 6, 9, 11), normal(2, 6, 11), normal(5, 6), normal(2, 6, 4, 5, 6)
MAPS = {1: SEQUENCE, 2: MAP, 3: VOLUME}

Case = tuple[Any, tuple[Any, ...], dict[str, Any]]


def padding(kind: str, *value: float) -> dict[str, list[Case]]:
    """Padding layers of each rank, with and without a batch; ``value`` is the second argument."""
    found: dict[str, list[Case]] = {}
    for rank, x in MAPS.items():
        widths = (1, 0, 2, 3, 1, 2)[: 2 * rank]
        found[f"{kind}Pad{rank}d"] = [(x, (2, *value), {}), (x, (widths, *value), {}), (x[0], (widths, *value), {})]
    return found


def pools(rank: int) -> dict[str, list[Case]]:
    x, sizes = MAPS[rank], (3, None, 2)[:rank]
    divisor: list[Case] = [] if rank == 1 else [(x[0], (3,), {"divisor_override": 5})]
    windows: tuple[Any, ...] = ((3, 2, 2)[:rank], 2, (1, 0, 1)[:rank])
    return {
        f"MaxPool{rank}d": [
            (x, (2,), {}),
            (x, (3, 2, 1), {"ceil_mode": True}),
            (x, (3, 1), {"return_indices": True}),
            (x[0], windows[:2], {"dilation": 2, "ceil_mode": True}),
        ],
        f"AvgPool{rank}d": [
            (x, (2,), {}),
            (x, windows, {"ceil_mode": True, "count_include_pad": False}),
            *divisor,
        ],
        f"AdaptiveAvgPool{rank}d": [(x, (1,), {}), (x[0], (3,), {}), (x, (sizes,), {})],
        f"AdaptiveMaxPool{rank}d": [(x, (1,), {}), (x[0], (3,), {}), (x, (sizes, True), {})],
        f"LPPool{rank}d": [(x, (2, 2), {}), (x, (4.0, 3, 2), {"ceil_mode": True}), (x[0], (2, 2, 1), {})],
        f"MaxUnpool{rank}d": [
            ((normal(2, 3, *[4] * rank), indices(rank)), (2,), {}),
            ((normal(2, 3, *[4] * rank), indices(rank)), ((2,) * rank, 2), {}),
        ],
    }


def indices(rank: int) -> np.ndarray:
    """Where max pooling by two may have found (2, 3, 4, ...): the first place of each window."""
    places = np.arange(8**rank).reshape([8] * rank)[(slice(None, None, 2),) * rank]
    return np.tile(places, (2, 3, *[1] * rank))


#: Constructor arguments and an input (or a tuple of them) for each case.
CASES: dict[str, list[Case]] = {
    "Conv3d": [
        (VOLUME, (6, 4, 3), {}),
        (VOLUME, (6, 4, (1, 3, 2), (1, 2, 1), (0, 1, 1), (1, 1, 2), 2, False), {}),
        (VOLUME, (6, 4, (1, 3, 2)), {"padding": "same", "padding_mode": "circular"}),
        (VOLUME, (6, 4, 3), {"padding": 1, "padding_mode": "reflect"}),
        (VOLUME[0], (6, 6, 2), {"groups": 6}),
    ],
    "ConvTranspose1d": [
        (SEQUENCE, (6, 4, 3, 2, 1, 1), {}),
        (SEQUENCE[0], (6, 4, 2), {"groups": 2, "bias": False, "dilation": 3}),
    ],
    "ConvTranspose3d": [
        (VOLUME, (6, 4, 2, 2), {}),
        (VOLUME[0], (6, 4, (3, 1, 2), (1, 2, 1)), {"padding": (1, 0, 1), "output_padding": (0, 1, 0), "groups": 2}),
    ],
    "Bilinear": [
        ((normal(5, 3), normal(5, 4)), (3, 4, 2), {}),
        ((normal(2, 5, 3), normal(2, 5, 4)), (3, 4, 2, False), {}),
    ],
    "CosineSimilarity": [((MAP, MAP[:, ::-1].copy()), (), {}), ((MAP, ROWS[0][:, None, None]), (-3, 0.5), {})],
    "Embedding": [
        (np.array([[0, 3, 2], [1, 1, 4]]), (5, 3), {}),
        (np.array([4, 0]), (5, 3, -1), {}),
        (np.array(2), (5, 3), {"padding_idx": 2, "norm_type": 1.0, "sparse": True, "scale_grad_by_freq": True}),
    ],
    "MultiheadAttention": [
        ((normal(5, 2, 8), normal(7, 2, 8, seed=1), normal(7, 2, 8, seed=2)), (8, 2), {}),
        ((normal(2, 5, 8),) * 3, (8, 4), {"batch_first": True, "bias": False}),
        ((normal(2, 5, 8), normal(2, 7, 6), normal(2, 7, 3)), (8, 2), {"kdim": 6, "vdim": 3, "batch_first": True}),
        ((normal(5, 8),) * 3, (8, 2), {"add_bias_kv": True, "add_zero_attn": True}),
    ],
    "BatchNorm3d": [(VOLUME, (6,), {}), (VOLUME, (6, 0.1), {"track_running_stats": False, "affine": False})],
    "InstanceNorm1d": [(SEQUENCE, (6,), {}), (SEQUENCE[0], (6, 0.1), {"affine": True, "track_running_stats": True})],
    "InstanceNorm3d": [(VOLUME, (6,), {"affine": True}), (VOLUME[0], (6,), {"affine": True, "bias": False})],
    "LocalResponseNorm": [(MAP, (2,), {}), (VOLUME, (5, 0.7, 0.5, 2.0), {})],
    "RMSNorm": [
        (ROWS, (6,), {}),
        (MAP, ([9, 11], 0.1), {}),
        (MAP, ((11,),), {"elementwise_affine": False}),
    ],
    "CELU": [(MAP, (), {}), (MAP, (0.5, True), {})],
    "SELU": [(MAP, (), {}), (MAP, (True,), {})],
    "GLU": [(MAP, (1,), {}), (ROWS, (), {})],
    "Hardshrink": [(MAP, (), {}), (MAP, (1.5,), {})],
    "Softshrink": [(MAP, (), {}), (MAP, (1.5,), {})],
    **{n: [(MAP * 5, (), {})] for n in ("LogSigmoid", "Softsign", "Tanhshrink")},
    "RReLU": [(MAP, (), {}), (MAP, (0.2, 0.6, True), {})],
    "Softmin": [(ROWS, (1,), {}), (MAP, (), {"dim": -1})],
    "Softmax2d": [(MAP, (), {}), (MAP[0], (), {})],
    "Threshold": [(MAP, (0.3, -20.0), {}), (MAP, (0.1, 2), {"inplace": True})],
    **pools(1),
    **pools(2),
    **pools(3),
    **padding("Circular"),
    **padding("Constant", 3.5),
    **padding("Reflection"),
    **padding("Replication"),
    **padding("Zero"),
    "Unfold": [(MAP, (3,), {}), (MAP[0], ((2, 3),), {"dilation": (1, 2), "padding": 1, "stride": (2, 1)})],
    "Fold": [
        (normal(2, 12, 20), ((5, 6), 2), {}),
        (normal(18, 4), (4, 3), {"padding": 1, "stride": (2, 3), "dilation": 1}),
    ],
    "Unflatten": [(MAP, (1, (2, 3)), {}), (MAP, (-1, (11, -1)), {})],
    "UpsamplingBilinear2d": [(MAP, ((5, 20),), {}), (MAP, (), {"scale_factor": 2})],
    "UpsamplingNearest2d": [(MAP, (7,), {}), (MAP, (), {"scale_factor": (2.0, 1.5)})],
    "Dropout1d": [(SEQUENCE, (), {}), (SEQUENCE[0], (0.3,), {})],
    "Dropout3d": [(VOLUME, (), {}), (VOLUME, (0.3, True), {})],
    "AlphaDropout": [(ROWS, (), {})],
    "FeatureAlphaDropout": [(MAP, (0.3,), {})],
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
        (MAP[0], (6, 4, 3), {"padding": 1, "padding_mode": "reflect"}),
        (MAP[:0], (6, 4, 3), {}),
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
    "Flatten": [(MAP, (), {}), (MAP, (2,), {}), (MAP, (1, 2), {})],
    "Identity": [(MAP, (), {}), (MAP, (54, "any"), {"thing": True})],
    "PixelShuffle": [(normal(2, 8, 3, 4), (2,), {})],
    "PixelUnshuffle": [(normal(2, 3, 6, 4), (2,), {})],
    "Upsample": [
        (MAP, (), {"scale_factor": 2}),
        (MAP, ((5, 7),), {"mode": "bilinear"}),
        (MAP, (), {"scale_factor": (1.5, 2.3), "mode": "bilinear", "align_corners": True}),
        (MAP, (), {"scale_factor": 1.7, "mode": "bicubic", "recompute_scale_factor": True}),
        (SEQUENCE, (7,), {"mode": "linear"}),
        (SEQUENCE, (), {"scale_factor": 2, "mode": "nearest"}),
        (VOLUME, (), {"scale_factor": (2, 1.5, 1), "mode": "trilinear", "align_corners": True}),
        (VOLUME, ((3, 5, 9),), {"mode": "nearest-exact"}),
    ],
    "ChannelShuffle": [(MAP, (3,), {}), (ROWS[..., None], (2,), {})],
    "Dropout": [(MAP, (), {})],
    "Dropout2d": [(MAP, (0.3, True), {})],
}

PARAMETERS = [pytest.param(n, *c, id=f"{n}-{i}") for n, cases in CASES.items() for i, c in enumerate(cases)]


#: Layers that draw at random in training.
RANDOM = re.compile("Dropout|RReLU")


def test_every_layer_of_the_contract_has_a_case() -> None:
    assert sorted(CASES) == sorted(LAYERS)
    assert sorted(layers.__all__) == sorted(LAYERS)


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), PARAMETERS)
def test_outputs_are_torch_s(name: str, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    check_layer(name, x, *args, **kwargs)


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), [p for p in PARAMETERS if not RANDOM.search(str(p.id))])
def test_outputs_in_training_are_torch_s(name: str, x: Any, args: tuple[Any, ...], kwargs: Any) -> None:
    check_layer(name, x, *args, training=True, **kwargs)


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), PARAMETERS)
def test_state_and_attributes_are_torch_s(name: str, x: Any, args: tuple[Any, ...], kwargs: Any) -> None:
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
NOT_TAKEN = {
    "Hardtanh": {"min_value", "max_value"},
    **{name: {"args", "kwargs"} for name in ("LogSigmoid", "Sigmoid", "Softmax2d", "Softsign", "Tanh", "Tanhshrink")},
}


@pytest.mark.parametrize("name", LAYERS)
def test_constructors_have_torch_s_parameters_and_defaults(name: str) -> None:
    ours, theirs = signature(getattr(layers, name)), signature(getattr(torch.nn, name))
    assert list(ours.items()) == [(n, d) for n, d in theirs.items() if n not in NOT_TAKEN.get(name, ())]


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_documented(name: str) -> None:
    assert getattr(layers, name).__doc__


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), PARAMETERS)
def test_layers_print_as_torch_s_do(name: str, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    assert repr(getattr(layers, name)(*args, **kwargs)) == repr(getattr(torch.nn, name)(*args, **kwargs))


HALVED = [p for p in PARAMETERS if not re.match("Dropout|Embedding|MaxUnpool|BatchNorm|LocalResponse", str(p.id))]


@pytest.mark.parametrize(("name", "x", "args", "kwargs"), HALVED)
def test_in_float16_outputs_are_torch_s(name: str, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Where torch has no such kernel in float16, those of what it computes in float32, rounded."""
    ours, theirs = pair(name, *args, **kwargs)
    inputs = [i.astype("float16") for i in (x if isinstance(x, tuple) else (x,))]
    result = ours.eval().half()(*(Tensor(i.copy()) for i in inputs))
    with torch.no_grad():
        wanted = theirs.eval().half().float()(*(torch.from_numpy(i.astype("float32")) for i in inputs))
    pairs = zip(result, wanted, strict=True) if isinstance(wanted, tuple) else [(result, wanted)]
    for own, other in pairs:
        same(own, other.half() if other.is_floating_point() else other)
