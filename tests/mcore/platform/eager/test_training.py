"""Functions in training: statistics of the batch, running ones moved, values dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.eager import training
from mcore.platform.eager.random import manual_seed
from mcore.platform.eager.tensor import Tensor
from tests.mcore.platform.eager.parity import check, normal, positive

shapes = st.tuples(st.integers(2, 4), st.integers(1, 5), st.integers(1, 6), st.integers(2, 6))


@settings(max_examples=40)
@given(shapes, st.floats(0.0, 1.0), st.booleans(), st.booleans(), st.sampled_from(["batch_norm", "instance_norm"]))
def test_norms_in_training_are_torch_s(
    shape: tuple[int, ...], momentum: float, tracked: bool, affine: bool, name: str
) -> None:
    channels = shape[1]

    def code(F: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any) -> Any:
        running = (mean, variance) if tracked else (None, None)
        scale = (weight, bias) if affine else (None, None)
        result = getattr(F, name)(x, *running, *scale, True, momentum, 1e-3)
        return result, mean, variance

    # Far from zero, where a variance by the difference of squares would be lost.
    x = normal(*shape) + 3.0
    check(code, x, normal(channels), positive(channels), positive(channels), normal(channels, seed=1))


def test_statistics_are_moved_pass_by_pass() -> None:
    def code(F: Any, x: Any, mean: Any, variance: Any) -> Any:
        seen = []
        for factor in (1, 2, 3):
            F.batch_norm(x * factor, mean, variance, training=True, momentum=0.1)
            seen.append((mean.clone(), variance.clone()))
        return seen, F.batch_norm(x, mean, variance)

    check(code, normal(4, 3, 5), normal(3), positive(3))


def test_float16_statistics_do_not_overflow() -> None:
    x = Tensor(np.full((2, 1, 64, 64), 100.0, np.float16) + normal(2, 1, 64, 64, dtype="float16"))
    y = training.batch_norm(x, None, None, training=True).numpy()
    assert y.dtype == np.float16
    assert np.isfinite(y).all()
    assert y.std() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: training.batch_norm(Tensor(normal(1, 3)), None, None, training=True), r"has shape \(1, 3\)"),
        (lambda: training.batch_norm(Tensor(normal(1, 3, 1, 1)), None, None, training=True), "more than one value"),
        (lambda: training.instance_norm(Tensor(normal(2, 3, 1, 1))), "more than one value"),
        (lambda: training.dropout(Tensor(normal(2, 3)), 1.5), "between 0 and 1, not 1.5"),
        (lambda: training.dropout2d(Tensor(normal(2, 3)), -0.5, False), "between 0 and 1, not -0.5"),
    ],
)
def test_what_has_no_statistics_or_no_probability(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@settings(max_examples=30)
@given(st.floats(0.05, 0.95), st.sampled_from([np.float16, np.float32, np.float64]))
def test_dropout_keeps_the_share_and_the_scale(p: float, dtype: Any) -> None:
    manual_seed(1)
    x = Tensor(np.ones((200, 100), dtype))
    y = training.dropout(x, p).numpy()
    kept = y != 0
    assert y.dtype == dtype
    assert kept.mean() == pytest.approx(1 - p, abs=0.03)
    np.testing.assert_allclose(y[kept], 1 / (1 - p), rtol=1e-3)
    assert (x.numpy() == 1).all()


def test_dropout_differs_from_call_to_call() -> None:
    x = Tensor(np.ones(1000, np.float32))
    assert not np.array_equal(training.dropout(x), training.dropout(x))


def test_dropout2d_drops_whole_channels_of_each_sample() -> None:
    manual_seed(2)
    y = training.dropout2d(Tensor(np.ones((50, 20, 3, 4), np.float32)), 0.3).numpy()
    assert ((y == 0).all((2, 3)) | (y != 0).all((2, 3))).all()
    dropped = (y == 0).all((2, 3))
    assert dropped.mean() == pytest.approx(0.3, abs=0.05)
    assert len(np.unique(dropped, axis=0)) > 1
