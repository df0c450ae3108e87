import numpy as np

from mcore.platform.runtime.binding import Binding, bind
from mcore.platform.runtime.epilogue import Combine
from mcore.platform.runtime.folding import fold_batch_norm
from mcore.platform.runtime.fusion import Group, fuse
from mcore.platform.runtime.operation import PreparedWeights
from mcore.platform.runtime.pointwise import Pointwise
from mcore.platform.runtime.selection import heads
from tests.mcore.platform.runtime.graphs import Sketch


def bound(s: Sketch, *values: str, kernels: dict[str, object] | None = None) -> Binding:
    shapes = {name: kind.concrete({}) for name, kind in s.inputs.items()}
    return bind(s.graph(*values), s.weights, shapes, kernels)


def groups(s: Sketch, *values: str, kernels: dict[str, object] | None = None) -> list[Group]:
    binding = fold_batch_norm(bound(s, *values, kernels=kernels), PreparedWeights())
    return fuse(binding, heads(binding))


def shape_of(found: list[Group]) -> list[tuple[str, int]]:
    """Op of the head and number of stages of each group."""
    return [(group.head.op, len(group.stages)) for group in found]


def test_a_residual_block_is_two_operations() -> None:
    s = Sketch()
    x = s.input("x", 1, 8, 6, 6)
    a = s.node("relu", s.norm(s.conv(x, 8, bias=False)))
    y = s.node("relu", s.node("add", s.norm(s.conv(a, 8, bias=False)), x))
    found = groups(s, y)
    assert shape_of(found) == [("conv2d", 1), ("conv2d", 2)]
    combine, relu = found[1].stages
    assert isinstance(combine, Combine)
    assert (combine.ufunc, combine.value) == (np.add, "x")
    assert isinstance(relu, Pointwise)
    assert found[1].outputs == (y,)


def test_what_is_read_twice_or_returned_is_not_fused() -> None:
    s = Sketch()
    a = s.conv(s.input("x", 1, 3, 6, 6), 4)
    y = s.node("add", s.node("relu", a), a)
    assert shape_of(groups(s, y)) == [("conv2d", 0), ("relu", 0), ("add", 0)]


def test_an_output_ends_its_group() -> None:
    s = Sketch()
    a = s.conv(s.input("x", 1, 3, 6, 6), 4)
    assert shape_of(groups(s, s.node("relu", a), a)) == [("conv2d", 0), ("relu", 0)]


def test_a_group_stands_where_all_that_it_reads_is_made() -> None:
    s = Sketch()
    x = s.input("x", 1, 3, 6, 6)
    early = s.conv(x, 4)
    late = s.node("softmax", s.conv(x, 4), dim=1)
    found = groups(s, s.node("add", early, late))
    assert shape_of(found) == [("conv2d", 0), ("softmax", 0), ("conv2d", 1)]


def test_other_shapes_and_constants_are_not_combined_in_place() -> None:
    s = Sketch()
    a = s.conv(s.input("x", 2, 3, 6, 6), 4)
    b = s.node("add", a, s.normal(2, 4, 6, 6))
    c = s.node("add", s.conv(b, 4), s.node("adaptive_avg_pool2d", b, output_size=1))
    assert ("conv2d", 0) in shape_of(groups(s, c))
    assert not any(isinstance(stage, Combine) for group in groups(s, c) for stage in group.stages)


def test_injected_kernels_are_neither_heads_nor_stages() -> None:
    s = Sketch()
    y = s.node("relu", s.norm(s.conv(s.input("x", 1, 3, 6, 6), 4)))
    for op, expected in {
        "conv2d": [("conv2d", 0), ("batch_norm", 1)],
        "batch_norm": [("conv2d", 0), ("batch_norm", 0), ("relu", 0)],
        "relu": [("conv2d", 0), ("relu", 0)],
    }.items():
        assert shape_of(groups(s, y, kernels={op: lambda *a, **_: a[0]})) == expected


class TestFolding:
    def test_the_convolution_makes_what_the_norm_made(self) -> None:
        s = Sketch()
        a = s.conv(s.input("x", 1, 3, 6, 6), 4)
        y = s.norm(a)
        folded = fold_batch_norm(bound(s, y), PreparedWeights())
        (node,) = folded.nodes
        assert (node.op, node.outputs) == ("conv2d", (y,))
        mean, variance, gamma, beta = (s.weights[f"w{i}"].astype(np.float64) for i in (3, 2, 4, 5))
        scale = gamma / np.sqrt(variance + 1e-5)
        _, weight, bias = node.operands
        np.testing.assert_allclose(folded.constants[weight], s.weights["w0"] * scale[:, None, None, None], rtol=1e-6)
        np.testing.assert_allclose(
            folded.constants[bias], (s.weights["w1"] - mean) * scale + beta, rtol=1e-5, atol=1e-6
        )

    def test_two_norms_of_one_convolution_s_weights_are_kept_apart(self) -> None:
        s = Sketch()
        x = s.input("x", 1, 3, 6, 6)
        weight = s.normal(4, 3, 1, 1)
        outputs = [s.norm(s.node("conv2d", x, weight)) for _ in range(2)]
        folded = fold_batch_norm(bound(s, *outputs), PreparedWeights())
        first, second = (folded.constants[node.operands[1]] for node in folded.nodes)
        assert not np.array_equal(first, second)

    def test_two_norms_in_a_row_are_both_folded(self) -> None:
        s = Sketch()
        y = s.norm(s.norm(s.conv(s.input("x", 1, 3, 6, 6), 4)))
        assert [node.op for node in fold_batch_norm(bound(s, y), PreparedWeights()).nodes] == ["conv2d"]

    def test_a_convolution_that_others_read_is_left_alone(self) -> None:
        s = Sketch()
        a = s.conv(s.input("x", 1, 3, 6, 6), 4)
        normed = s.norm(a)
        assert len(fold_batch_norm(bound(s, normed, a), PreparedWeights()).nodes) == 2
        assert len(fold_batch_norm(bound(s, s.node("add", normed, a)), PreparedWeights()).nodes) == 3
