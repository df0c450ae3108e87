"""What layers refuse, and how they start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mcore.platform.eager import layers
from mcore.platform.eager.random import manual_seed
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError
from tests.mcore.platform.eager.parity import normal


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: layers.Conv2d(6, 4, 3, groups=4),
            r"groups \(4\) must divide in_channels \(6\) and out_channels \(4\)",
        ),
        (lambda: layers.Conv2d(6, 4, 3, groups=0), r"groups \(0\)"),
        (lambda: layers.Conv2d(6, 4, 3, padding_mode="mirror"), "padding_mode must be zeros, reflect, .* not 'mirror'"),
        (lambda: layers.ConvTranspose2d(6, 4, 3, padding_mode="reflect"), "pads with zeros only, not 'reflect'"),
        (lambda: layers.GroupNorm(4, 6), r"num_channels \(6\) must be divisible by num_groups \(4\)"),
        (lambda: layers.Hardtanh(1.0, 1.0), r"max_val \(1.0\) must be above min_val \(1.0\)"),
        (lambda: layers.Dropout(1.5), "between 0 and 1, not 1.5"),
        (lambda: layers.Dropout2d(-0.1), "between 0 and 1, not -0.1"),
    ],
)
def test_arguments_that_make_no_layer(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.BatchNorm2d(3), (2, 3, 4), r"BatchNorm2d takes 4 dimensions, the input has shape \(2, 3, 4\)"),
        (layers.BatchNorm1d(3), (2, 3, 4, 5), "BatchNorm1d takes 2 or 3 dimensions"),
        (layers.InstanceNorm2d(3), (2, 3), "InstanceNorm2d takes 3 or 4 dimensions"),
        (layers.BatchNorm2d(3), (1, 3, 1, 1), "more than one value"),
    ],
)
def test_inputs_that_do_not_fit(layer: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer(Tensor(np.zeros(shape, np.float32)))


def test_softmax_without_a_dimension_is_refused() -> None:
    with pytest.raises(BackendError, match="softmax needs a dim"):
        layers.Softmax()(Tensor(normal(2, 3)))


@pytest.mark.parametrize(
    ("name", "args"),
    [("Conv2d", (16, 32, 3)), ("ConvTranspose2d", (16, 32, 3)), ("Conv1d", (16, 64, 5)), ("Linear", (64, 128))],
)
def test_weights_start_in_torch_s_distribution(name: str, args: tuple[int, ...]) -> None:
    manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = getattr(layers, name)(*args), getattr(torch.nn, name)(*args)
    for key, value in theirs.state_dict().items():
        mine, wanted = ours.state_dict()[key].numpy(), value.numpy()
        assert np.abs(mine).max() == pytest.approx(np.abs(wanted).max(), rel=0.2)
        assert mine.std() == pytest.approx(wanted.std(), rel=0.3)
        assert len(np.unique(mine)) > 0.99 * mine.size


@pytest.mark.parametrize("kind", [layers.Dropout, layers.Dropout2d])
def test_dropout_drops_in_training_and_keeps_the_mean(kind: Any) -> None:
    manual_seed(0)
    layer, x = kind(0.25), Tensor(np.ones((64, 64, 4, 4), np.float32))
    y = layer(x).numpy()
    assert set(np.unique(y)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert y.mean() == pytest.approx(1.0, abs=0.05)
    whole_channels = (y == y[:, :, :1, :1]).all()
    assert whole_channels == (kind is layers.Dropout2d)
    assert layer.eval()(x) is x
    assert kind(0.5, inplace=True)(x) is x
    assert (x.numpy() == 0.0).any()


def test_the_seed_makes_weights_and_dropout_repeatable() -> None:
    def draw() -> list[float]:
        manual_seed(7)
        layer = layers.Linear(4, 4)
        return [*layer.weight.numpy().ravel(), *layers.Dropout()(layer.weight).numpy().ravel()]

    first, second = draw(), draw()
    assert first == second
    manual_seed(8)
    assert list(layers.Linear(4, 4).weight.numpy().ravel()) != first[:16]
