"""Modules without weights: their shapes are there, their values are not, and nothing is drawn or written."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from mcore.platform.eager import functional as F
from mcore.platform.eager import init, layers
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.random import generator, manual_seed
from mcore.platform.eager.skeleton import in_skeleton, skeleton
from mcore.platform.eager.tensor import Parameter

LARGE = 2**14


class Scaled(Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = Parameter(F.full((LARGE, LARGE), 0.5))
        self.shift = Parameter(F.zeros(LARGE, LARGE))
        init.ones_(self.shift)


#: A way to make each layer that has parameters or buffers, in their several forms.
MAKERS: dict[str, Callable[[], Module]] = {
    "convolution": lambda: layers.Conv3d(4, 6, (1, 3, 2), groups=2),
    "transposed convolution": lambda: layers.ConvTranspose1d(4, 6, 3, bias=False),
    "linear": lambda: layers.Linear(3, 5),
    "bilinear": lambda: layers.Bilinear(3, 4, 5),
    "embedding": lambda: layers.Embedding(7, 3, padding_idx=-1),
    "attention": lambda: layers.MultiheadAttention(8, 2, add_bias_kv=True),
    "attention of other widths": lambda: layers.MultiheadAttention(8, 2, kdim=3, vdim=5),
    "batch norm": lambda: layers.BatchNorm1d(4),
    "group norm": lambda: layers.GroupNorm(2, 4),
    "instance norm": lambda: layers.InstanceNorm2d(4, affine=True, track_running_stats=True),
    "layer norm": lambda: layers.LayerNorm((4, 3)),
    "rms norm": lambda: layers.RMSNorm(4),
    "prelu": lambda: layers.PReLU(4),
}


@pytest.mark.parametrize("name", MAKERS)
def test_layers_have_the_shapes_and_types_of_whole_ones(name: str) -> None:
    whole = MAKERS[name]()
    with skeleton():
        bare = MAKERS[name]()
    assert describe(bare) == describe(whole)
    assert all(parameter.numpy().strides.count(0) == parameter.ndim for parameter in bare.parameters())


def describe(layer: Module) -> list[tuple[str, tuple[int, ...], str]]:
    return [(name, tuple(value.shape), str(value.dtype)) for name, value in layer.state_dict().items()]


def test_no_parameter_takes_memory() -> None:
    tracemalloc.start()
    try:
        with skeleton():
            made = [
                layers.Linear(LARGE, LARGE),
                layers.Conv2d(LARGE, LARGE, 3),
                layers.Embedding(LARGE, LARGE, padding_idx=3),
                layers.MultiheadAttention(LARGE, 8),
                layers.LayerNorm((LARGE, LARGE)),
                layers.BatchNorm2d(2**24),
                Scaled(),
            ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(p.numel() for module in made for p in module.parameters()) > 10 * LARGE**2
    assert peak < 1_000_000


def test_nothing_is_drawn_and_nothing_is_written() -> None:
    manual_seed(3)
    with skeleton():
        layer = layers.Linear(5, 7)
        init.normal_(layer.weight)
        init.trunc_normal_(layer.weight)
        init.kaiming_uniform_(layer.weight)
    assert not layer.weight.numpy().any()
    drawn = generator().random()
    manual_seed(3)
    assert generator().random() == drawn


def test_a_mistake_in_initialisation_is_still_an_error() -> None:
    with skeleton():
        weight = layers.Linear(5, 7).weight
        with pytest.raises(ValueError, match="holds next to nothing"):
            init.trunc_normal_(weight, a=5.0, b=6.0)
        with pytest.raises(ValueError, match="mode must be"):
            init.kaiming_normal_(weight, mode="fan")


def test_it_takes_no_weights() -> None:
    with skeleton():
        bare = layers.Linear(5, 7)
    with pytest.raises(ValueError, match="read-only"):
        bare.load_state_dict(layers.Linear(5, 7).state_dict())


def test_it_ends_with_the_block_and_on_an_error() -> None:
    with skeleton():
        with skeleton():
            assert in_skeleton()
        assert in_skeleton()
    with pytest.raises(RuntimeError, match="inside"), skeleton():
        raise RuntimeError("inside")
    assert not in_skeleton()
    assert np.abs(layers.Linear(5, 7).weight.numpy()).min() > 0
