"""Norms by the statistics of their input, against the plain kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.runtime import Program
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run
from tests.mcore.platform.runtime.operations.values import shapes, value

generated = settings(max_examples=60)


@generated
@given(data=st.data(), shape=shapes, weights=st.integers(0, 2), eps=st.sampled_from([1e-5, 0.1]))
def test_layer_norm(data: st.DataObject, shape: tuple[int, ...], weights: int, eps: float) -> None:
    s = Sketch()
    x = value(s, data, shape)
    inner = shape[data.draw(st.integers(0, len(shape) - 1)) :]
    vectors = [s.normal(*inner) for _ in range(weights)]
    assert_planned_right(s, s.node("layer_norm", x, *vectors, normalized_shape=inner, eps=eps))


@generated
@given(
    data=st.data(), batch=st.integers(1, 3), groups=st.integers(1, 4), width=st.integers(1, 4), weights=st.integers(0, 2),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)), op=st.sampled_from(["group_norm", "instance_norm"]),
)  # fmt: skip
def test_norms_of_images(
    data: st.DataObject, batch: int, groups: int, width: int, weights: int, size: tuple[int, int], op: str
) -> None:
    s = Sketch()
    channels = groups * width
    x = value(s, data, (batch, channels, *size))
    vectors = [s.normal(channels) for _ in range(weights)]
    if op == "group_norm":
        y = s.node("group_norm", x, *vectors, num_groups=groups, eps=0.1)
    else:
        y = s.node("instance_norm", x, None, None, *vectors, eps=0.1)
    assert_planned_right(s, y)


def test_a_large_image_is_normalised_in_pieces() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 90, 70), 24)
    norms = [s.node("group_norm", x, s.normal(24), s.normal(24), num_groups=n) for n in (1, 4, 24)]
    rows = s.node("permute", x, dims=(0, 2, 3, 1))
    assert_planned_right(s, *norms, s.node("layer_norm", rows, s.normal(24), normalized_shape=(24,)))


def test_norms_with_weights_or_statistics_that_are_not_constant() -> None:
    s = Sketch()
    x, w = s.input("x", 2, 4, 5, 6), s.input("w", 6)
    c = s.node("mean", x, dim=(0, 2, 3))
    stored = s.node("instance_norm", x, c, s.weight(np.ones(4, np.float32)), use_input_stats=False)
    assert_planned_right(
        s, s.node("layer_norm", x, w, normalized_shape=(6,)), s.node("group_norm", x, c, num_groups=2), stored
    )


@pytest.mark.parametrize("op", ["layer_norm", "group_norm"])
def test_a_large_mean_does_not_swamp_the_variance(op: str) -> None:
    """Sums of squares less the squared mean would: the variance is taken of what is left after the mean."""
    s = Sketch()
    x = s.input("x", 2, 8, 16, 64)
    options = {"normalized_shape": (64,)} if op == "layer_norm" else {"num_groups": 2}
    graph = s.graph(s.node(op, x, **options))
    array = (s.arrays()["x"] + 1000).astype(np.float32)
    planned = Program(graph, s.weights, {"x": array.shape}).run({"x": array})["out"]
    reference = Program(graph, s.weights, {"x": array.shape}, "reference").run({"x": array})["out"]
    np.testing.assert_allclose(planned, reference, atol=2e-4)


def test_a_constant_row_is_not_divided_by_zero() -> None:
    s = Sketch()
    y = s.node("layer_norm", s.input("x", 3, 7), normalized_shape=(7,))
    np.testing.assert_allclose(run(s, y, inputs={"x": np.full((3, 7), 2, np.float32)})["out"], 0, atol=1e-3)
