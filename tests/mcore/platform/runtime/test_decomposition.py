"""Ops as others on views: the same values, and how many operations there are."""

import pytest

from mcore.platform.runtime import Program
from mcore.platform.runtime.timing import timings
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run


def forms(s: Sketch, *values: str) -> list[str]:
    """What computes the graph, of which the planned program is also checked."""
    assert_planned_right(s, *values)
    arrays = s.arrays()
    program = Program(s.graph(*values), s.weights, {name: array.shape for name, array in arrays.items()})
    return [timing.form for timing in timings(program, arrays, runs=1)]


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("bias", [True, False])
def test_signals_are_images_of_height_one(groups: int, bias: bool) -> None:
    s = Sketch()
    x = s.input("x", 2, 6, 19)
    weight = s.normal(12, 6 // groups, 3)
    options = {"stride": 2, "padding": 3, "dilation": 2, "groups": groups}
    y = s.node("conv1d", x, weight, *([s.normal(12)] if bias else []), **options)
    assert forms(s, s.node("relu", y)) == ["Im2colConvolution"]


def test_a_stack_of_signal_convolutions_has_no_copies() -> None:
    s = Sketch()
    x = s.input("x", 2, 6, 19)
    y = s.node("relu", s.norm(s.node("conv1d", x, s.normal(8, 6, 3), padding=1)))
    assert forms(s, s.node("conv1d", y, s.normal(4, 8, 1))) == ["Im2colConvolution", "PointwiseConvolution"]


@pytest.mark.parametrize("shape", [(5, 6), (2, 6, 7), (2, 6, 3, 4, 5)])
def test_norms_of_other_ranks(shape: tuple[int, ...]) -> None:
    s = Sketch()
    x = s.input("x", *shape)
    outputs = [s.norm(x), s.node("group_norm", x, s.normal(6), s.normal(6), num_groups=3, eps=0.1)]
    if len(shape) > 2:
        outputs.append(s.node("instance_norm", x, None, None, s.normal(6), eps=0.1))
    found = forms(s, *outputs)
    assert "Affine" in found
    assert found.count("GroupNorm") == len(outputs) - 1


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_shuffles(batch: tuple[int, ...]) -> None:
    s = Sketch()
    x = s.input("x", *batch, 8, 4, 6)
    outputs = [s.node("pixel_shuffle", x, upscale_factor=2), s.node("pixel_unshuffle", x, downscale_factor=2)]
    if len(batch) == 1:
        outputs.append(s.node("channel_shuffle", x, groups=4))
    assert forms(s, *outputs) == ["Copy"] * len(outputs)


def test_a_shuffle_between_convolutions_is_one_copy() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 6, 5), 8, 1)
    first, _ = s.nodes_of("chunk", s.node("channel_shuffle", x, groups=2), chunks=2, dim=1)
    y = s.conv(s.node("pixel_shuffle", s.conv(x, 8, 1), upscale_factor=2), 3, 1)
    assert forms(s, y).count("Copy") == 1
    assert forms(s, s.conv(first, 3, 1)).count("Copy") == 2  # the half that is read has gaps


def test_other_element_types_and_injected_kernels_are_left_alone() -> None:
    s = Sketch()
    x = s.node("cast", s.input("x", 2, 6, 9), dtype="float64")
    weight = s.node("cast", s.normal(4, 6, 3), dtype="float64")
    assert_planned_right(s, s.node("conv1d", x, weight), s.node("group_norm", x, num_groups=2))
    t = Sketch()
    y = t.node("conv1d", t.input("x", 2, 6, 9), t.normal(4, 6, 3))
    result = run(t, y, kernels={"conv1d": lambda x, w, b, **_: x[:, :4, :7] * 0})["out"]
    assert not result.any()
