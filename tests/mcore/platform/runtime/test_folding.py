from dataclasses import replace

import numpy as np
import pytest

from mcore.platform.runtime import Program
from mcore.platform.runtime.binding import bind
from mcore.platform.runtime.folding import fold_batch_norm, scale_and_shift
from mcore.platform.runtime.operation import PreparedWeights
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right


def normed(bias: bool) -> tuple[Sketch, str]:
    s = Sketch()
    return s, s.norm(s.conv(s.input("x", 1, 4, 9, 8), 6, bias=bias))


@pytest.mark.parametrize("bias", [True, False])
def test_a_batch_norm_becomes_weights_and_a_bias(bias: bool) -> None:
    s, y = normed(bias)
    binding = bind(s.graph(y), s.weights, {"x": (1, 4, 9, 8)})
    folded = fold_batch_norm(binding, PreparedWeights())
    (node,) = folded.nodes
    assert (node.op, node.outputs) == ("conv2d", (y,))
    scale, shift = scale_and_shift(binding.nodes[1], binding.constants)
    _, weight, new_bias = node.operands
    np.testing.assert_allclose(folded.constants[weight], s.weights["w0"] * scale[:, None, None, None], rtol=1e-6)
    old = s.weights["w1"] if bias else 0
    np.testing.assert_allclose(folded.constants[new_bias], old * scale + shift, rtol=1e-5)
    for name in (weight, new_bias):
        assert folded.types[name].shape == folded.constants[name].shape
    assert_planned_right(s, y)


def test_scaled_weights_are_kept_in_their_planned_form_alone() -> None:
    s = Sketch()
    x = s.input("x", 1, 16, 12, 12)
    y = s.norm(s.conv(s.norm(s.conv(x, 64, 1)), 64, 3))
    prepared = PreparedWeights()
    Program(s.graph(y), s.weights, {"x": (1, 16, 12, 12)}, prepared=prepared)
    kept = sum(array.size for name, array in prepared.arrays.items() if not name.endswith("folded"))
    assert kept == 16 * 64 + 16 * 64 * 64  # a matrix, and filters transformed
    assert all(array.ndim == 1 for name, array in prepared.arrays.items() if name.endswith("folded"))


def test_a_norm_that_others_read_too_is_not_folded() -> None:
    s, y = normed(bias=True)
    inner = s.nodes[0].outputs[0]
    graph = s.graph(y, inner)
    binding = fold_batch_norm(bind(graph, s.weights, {"x": (1, 4, 9, 8)}), PreparedWeights())
    assert [node.op for node in binding.nodes] == ["conv2d", "batch_norm"]
    assert_planned_right(s, y, inner)


def test_an_injected_norm_is_not_folded() -> None:
    s, y = normed(bias=True)
    binding = bind(s.graph(y), s.weights, {"x": (1, 4, 9, 8)})
    nodes = (binding.nodes[0], replace(binding.nodes[1], kernel=np.add))
    assert len(fold_batch_norm(replace(binding, nodes=nodes), PreparedWeights()).nodes) == 2
