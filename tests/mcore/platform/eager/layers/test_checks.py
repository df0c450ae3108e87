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
        (lambda: layers.Conv3d(6, 4, 3, groups=4), r"groups \(4\) must divide"),
        (lambda: layers.Embedding(3, 2, padding_idx=3), r"padding_idx \(3\) is none of 3 rows"),
        (lambda: layers.Embedding(3, 2, _weight=Tensor(normal(2, 3))), r"_weight has shape \(2, 3\), not \(3, 2\)"),
        (lambda: layers.MultiheadAttention(6, 4), r"embed_dim \(6\) must be a multiple of num_heads \(4\)"),
        (lambda: layers.Bilinear(0, 1, 2), "in1_features must be positive, not 0"),
        (lambda: layers.AlphaDropout(1.5), "between 0 and 1, not 1.5"),
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
        (layers.BatchNorm3d(3), (2, 3, 4, 5), "BatchNorm3d takes 5 dimensions"),
        (layers.InstanceNorm1d(3), (2, 3, 4, 5), "InstanceNorm1d takes 2 or 3 dimensions"),
        (layers.Softmax2d(), (2, 3), "Softmax2d takes 3 or 4 dimensions"),
        (layers.InstanceNorm2d(3), (2, 3), "InstanceNorm2d takes 3 or 4 dimensions"),
        (layers.BatchNorm2d(3), (1, 3, 1, 1), "more than one value"),
    ],
)
def test_inputs_that_do_not_fit(layer: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer(Tensor(np.zeros(shape, np.float32)))


def test_arguments_of_another_kind() -> None:
    for size in ("ab", (2.5, 2), 6):
        with pytest.raises(TypeError, match="unflattened_size must be a tuple of ints"):
            layers.Unflatten(1, size)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match=r"no Embedding with max_norm=1\.0"):
        layers.Embedding(3, 2, max_norm=1.0)
    with pytest.raises(BackendError, match="no rrelu with training=True"):
        layers.RReLU()(Tensor(normal(2, 3)))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((9, 9), r"an output_size of \[9, 9\] is not between \[7, 7\] and \[8, 8\]"),
        ((7,), "must have 2 or 4 numbers, it has 1"),
    ],
)
def test_output_sizes_that_a_transposed_convolution_does_not_have(size: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers.ConvTranspose2d(1, 1, 3, 2, 1)(Tensor(normal(1, 1, 4, 4)), size)


def test_softmax_without_a_dimension_is_refused() -> None:
    with pytest.raises(BackendError, match="softmax needs a dim"):
        layers.Softmax()(Tensor(normal(2, 3)))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *(("Conv2d", (16, 32, 3)), ("ConvTranspose2d", (16, 32, 3)), ("Conv1d", (16, 64, 5)), ("Linear", (64, 128))),
        *(("Conv3d", (8, 64, 3)), ("ConvTranspose1d", (32, 32, 3)), ("Bilinear", (9, 16, 64)), ("Embedding", (64, 64))),
        ("MultiheadAttention", (64, 4, 0.0, False)),
        ("MultiheadAttention", (64, 4, 0.0, False, False, False, 48, 96)),
    ],
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


def test_the_key_and_value_of_all_start_in_torch_s_distribution() -> None:
    manual_seed(0)
    layer = layers.MultiheadAttention(1024, 1, add_bias_kv=True, kdim=1, vdim=1)
    for row in (layer.bias_k, layer.bias_v):
        assert row.numpy().std() == pytest.approx((2 / 2048) ** 0.5, rel=0.1)
    assert not np.array_equal(layer.bias_k.numpy(), layer.bias_v.numpy())


def test_the_row_of_the_padding_starts_as_zeros() -> None:
    weight = layers.Embedding(4, 3, padding_idx=-1).weight.numpy()
    assert (weight[:3] != 0).all()
    assert (weight[3] == 0).all()


@pytest.mark.parametrize("kind", [layers.AlphaDropout, layers.FeatureAlphaDropout])
def test_alpha_dropout_keeps_mean_and_variance(kind: Any) -> None:
    manual_seed(0)
    x = normal(64, 256, 4)
    y = kind(0.25)(Tensor(x)).numpy()
    assert y.mean() == pytest.approx(0.0, abs=0.05)
    assert y.std() == pytest.approx(1.0, abs=0.05)
    values, counts = np.unique(y, return_counts=True)
    dropped = y == values[counts.argmax()]
    assert dropped.mean() == pytest.approx(0.25, abs=0.05)
    assert (dropped == dropped[:, :, :1]).all() == (kind is layers.FeatureAlphaDropout)
    assert kind(0.25).eval()(Tensor(x)).tolist() == x.tolist()


def test_attention_drops_shares_in_training() -> None:
    manual_seed(0)
    layer, x = layers.MultiheadAttention(8, 2, dropout=0.5), Tensor(normal(5, 2, 8))
    _, shares = layer(x, x, x)
    assert (shares.numpy() == 0).any()
    assert layer(x, x, x, need_weights=False)[1] is None
    _, whole = layer.eval()(x, x, x)
    np.testing.assert_allclose(whole.numpy().sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("kind", [layers.Dropout1d, layers.Dropout3d])
@pytest.mark.parametrize("batched", [True, False])
def test_dropout_of_channels(kind: Any, batched: bool) -> None:
    manual_seed(0)
    spatial = (4,) if kind is layers.Dropout1d else (2, 2, 1)
    y = kind(0.25)(Tensor(np.ones((*([64] if batched else []), 64, *spatial), np.float32))).numpy()
    by_channel = y.reshape(-1, 4)
    assert (by_channel == by_channel[:, :1]).all()
    assert set(np.unique(y)) == {np.float32(0.0), np.float32(1 / 0.75)}


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
