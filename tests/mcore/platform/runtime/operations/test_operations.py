"""Planned forms of the ops other than convolution against the plain kernels, by their attributes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import Symbol
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run
from tests.mcore.platform.runtime.operations.values import shapes, value

sides = st.tuples(st.integers(1, 20), st.integers(1, 20))
generated = settings(max_examples=150)


def planned_right(s: Sketch, op: str, *inputs: str, **attributes: Any) -> None:
    try:
        y = s.node(op, *inputs, **attributes)
    except ShapeError:
        assume(False)
    assert_planned_right(s, y)


@generated
@given(
    op=st.sampled_from(["max_pool2d", "avg_pool2d"]),
    size=sides,
    batch=st.integers(1, 2),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    ceil_mode=st.booleans(),
    dilation=st.integers(1, 3),
    include=st.booleans(),
    divisor=st.none() | st.integers(1, 9),
)
def test_pools(op: str, size: Any, batch: int, **options: Any) -> None:
    s = Sketch()
    attributes = {"kernel_size": options["kernel"]} | {n: options[n] for n in ("stride", "padding", "ceil_mode")}
    if op == "max_pool2d":
        attributes["dilation"] = options["dilation"]
    else:
        attributes |= {"count_include_pad": options["include"], "divisor_override": options["divisor"]}
    planned_right(s, op, s.input("x", batch, 5, *size), **attributes)


@generated
@given(size=sides, out=sides, batch=st.integers(1, 2))
def test_adaptive_average(size: Any, out: Any, batch: int) -> None:
    s = Sketch()
    planned_right(s, "adaptive_avg_pool2d", s.input("x", batch, 5, *size), output_size=out)


@generated
@given(
    size=sides,
    out=sides | st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)),
    mode=st.sampled_from(["nearest", "nearest-exact", "bilinear", "bicubic"]),
    align=st.sampled_from([None, True, False]),
    antialias=st.booleans(),
)
def test_resize(size: Any, out: Any, mode: str, align: bool | None, antialias: bool) -> None:
    s = Sketch()
    attributes: dict[str, Any] = {"scale_factor" if isinstance(out[0], float) else "size": out, "mode": mode}
    if mode in ("bilinear", "bicubic"):
        attributes |= {"align_corners": align, "antialias": antialias}
    planned_right(s, "interpolate", s.input("x", 2, 3, *size), **attributes)


@generated
@given(
    size=sides,
    channels=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    extra=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    groups=st.integers(1, 2),
    bias=st.booleans(),
)
def test_transposed_convolutions(
    size: Any, channels: Any, kernel: Any, extra: Any, groups: int, bias: bool, **rest: Any
) -> None:
    s = Sketch()
    x = s.input("x", 2, channels[0] * groups, *size)
    inputs = [
        x,
        s.normal(channels[0] * groups, channels[1], *kernel),
        *([s.normal(channels[1] * groups)] if bias else []),
    ]
    planned_right(s, "conv_transpose2d", *inputs, output_padding=extra, groups=groups, **rest)


@pytest.mark.parametrize("kernel", [1, 2, 3])
def test_transposed_convolutions_that_tile_their_output(kernel: int) -> None:
    s = Sketch()
    x = s.input("x", 2, 6, 7, 5)
    weight, bias = s.normal(6, 8, kernel, kernel), s.normal(8)
    y = s.node("conv_transpose2d", x, weight, bias, stride=kernel)
    other = s.node("conv_transpose2d", x, weight, stride=kernel, output_padding=kernel - 1)
    assert_planned_right(s, s.node("relu", s.norm(y)), other)


def test_a_transposed_convolution_that_is_cut_at_one_side_and_extended_at_the_other() -> None:
    """Of the size of one that tiles its output, but shifted."""
    s = Sketch()
    x, weight = s.input("x", 1, 2, 3, 4), s.normal(2, 5, 3, 3)
    assert_planned_right(s, s.node("conv_transpose2d", x, weight, stride=3, padding=1, output_padding=2))


@pytest.mark.parametrize(
    "shape", [(0, 7), (2, 0, 7), (3, 0), (7,), (1, 7), (40, 7), (3, 5, 7), (2, 3, 4, 7), (2, 2, 3, 4, 7)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape: tuple[int, ...], bias: bool) -> None:
    s = Sketch()
    y = s.linear(s.input("x", *shape), 11, bias)
    assert_planned_right(s, s.node("relu", y))
    assert_planned_right(s, s.node("silu", s.node("add", s.linear("x", 11), y)))


@generated
@given(data=st.data(), shape=shapes, bias=st.booleans())
def test_linear_in_any_layout(data: st.DataObject, shape: tuple[int, ...], bias: bool) -> None:
    s = Sketch()
    assert_planned_right(s, s.node("relu", s.linear(value(s, data, shape), 4, bias)))


@pytest.mark.parametrize("bias", [True, False])
def test_linear_that_mixes_tokens(bias: bool) -> None:
    s = Sketch()
    x = s.node("erf", s.input("x", 2, 3, 9, 24))
    mixed = s.node("gelu", s.linear(s.node("transpose", x, dim0=2, dim1=3), 9, bias))
    back = s.node("transpose", s.node("mul", mixed, mixed), dim0=2, dim1=3)
    assert_planned_right(s, s.node("add", back, x), s.linear(back, 5))


def test_linear_that_mixes_heads() -> None:
    s = Sketch()
    scores = s.node("matmul", s.input("q", 2, 4, 9, 8), s.input("k", 2, 4, 8, 9))
    mixed = s.node("permute", s.linear(s.node("permute", scores, dims=(0, 2, 3, 1)), 4), dims=(0, 3, 1, 2))
    assert_planned_right(s, s.node("softmax", mixed, dim=-1))


@pytest.mark.parametrize("rows", [300, 1000])
def test_linear_over_many_rows(rows: int) -> None:
    s = Sketch()
    x = s.input("x", rows, 64)
    assert_planned_right(s, s.node("add", s.linear(x, 64), x), s.linear(x, 520))


@pytest.mark.parametrize(
    "shapes",
    [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (6, 4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,))],
)
def test_matmul(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    s = Sketch()
    assert_planned_right(s, s.node("matmul", s.input("a", *shapes[0]), s.input("b", *shapes[1])))


def test_matmul_of_images() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 5, 6), 4)
    assert_planned_right(s, s.node("matmul", x, s.node("transpose", x, dim0=2, dim1=3)))


def test_an_empty_vector_joins_images() -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 4, 5)
    assert_planned_right(s, s.node("cat", s.input("nothing", 0), x, s.node("relu", x), dim=1))


@pytest.mark.parametrize("dim", [0, 1, 2, 3, -1])
def test_cat_along_any_dimension(dim: int) -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 6, 6), 4)
    joined = s.node("cat", x, s.node("relu", x), x, dim=dim)
    assert_planned_right(s, joined, s.conv(joined, 2, 1))


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "maximum", "minimum"])
@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3, 8, 8), (2, 3, 8, 8)),
        ((2, 3, 8, 8), (2, 3, 1, 1)),
        ((1, 3, 1, 1), (2, 3, 8, 8)),
        ((2, 1, 8, 8), (2, 3, 8, 1)),
        ((8,), (2, 3, 8, 8)),
        ((), (3, 4)),
        ((300, 400), (300, 400)),
    ],
)
def test_arithmetic(op: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    s = Sketch()
    a, b = s.input("a", *shapes[0]), s.input("b", *shapes[1])
    y = s.node(op, a, b)
    assert_planned_right(s, s.node("relu", y))
    if len(shapes[0]) == len(shapes[1]) == 4:
        image = s.conv(a, 3, 1)
        z = s.node(op, image, b)
        assert_planned_right(s, s.node("leaky_relu", z), s.node("sigmoid", s.node("add", s.node(op, b, image), z)))


@generated
@given(data=st.data(), shape=shapes, op=st.sampled_from(["add", "sub", "mul", "maximum"]), constant=st.booleans())
def test_broadcasting_in_any_layout(data: st.DataObject, shape: tuple[int, ...], op: str, constant: bool) -> None:
    s = Sketch()
    x = value(s, data, shape)
    smaller = tuple(data.draw(st.sampled_from([n, 1])) for n in shape)[data.draw(st.integers(0, len(shape))) :]
    y = s.normal(*smaller) if constant or not smaller else value(s, data, smaller)
    assert_planned_right(s, s.node("relu", s.node(op, x, y)), s.node(op, y, x))


@pytest.mark.parametrize("shape", [(2, 24, 1, 1), (24, 1, 1), (2, 1, 90, 70), (1, 1, 1, 1), (1, 24, 90, 70)])
def test_an_image_larger_than_a_piece_with_a_gate(shape: tuple[int, ...]) -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 90, 70), 24)
    gate = s.input("gate", *shape)
    assert_planned_right(s, s.node("silu", s.node("mul", x, gate)), s.node("sub", s.normal(*shape), x))


def test_integer_division_rounds_as_it_is_told() -> None:
    s = Sketch()
    a, b = s.input("a", 40), s.input("b", 40)
    assert_planned_right(s, *(s.node("div", a, b, rounding_mode=mode) for mode in ("floor", "trunc", None)))


def test_norms_that_stand_alone() -> None:
    s = Sketch()
    x = s.input("x", 2, 70, 31, 33)
    y = s.node("relu", s.norm(x))
    assert_planned_right(s, y, s.node("add", s.norm(y), x), s.norm(s.node("max_pool2d", x, kernel_size=2)))


LAYERS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    # What follows a convolution of (2, 6, 9, 8), or of a part of it, and has no planned form.
    "max_pool2d": ((2, 6, 9, 8), {"kernel_size": 2, "return_indices": True}),
    "adaptive_max_pool2d": ((2, 6, 9, 8), {"output_size": (4, 3), "return_indices": True}),
    "adaptive_avg_pool2d": ((2, 6, 9, 8), {"output_size": (0, 3)}),
    "max_pool1d": ((12, 9, 8), {"kernel_size": 3, "ceil_mode": True}),
    "avg_pool1d": ((12, 9, 8), {"kernel_size": 3, "padding": 1}),
    "adaptive_avg_pool1d": ((12, 9, 8), {"output_size": 3}),
    "adaptive_max_pool1d": ((12, 9, 8), {"output_size": 3}),
    "max_pool3d": ((2, 6, 3, 3, 8), {"kernel_size": 2}),
    "avg_pool3d": ((2, 6, 3, 3, 8), {"kernel_size": 2}),
    "adaptive_avg_pool3d": ((2, 6, 3, 3, 8), {"output_size": 2}),
    "adaptive_max_pool3d": ((2, 6, 3, 3, 8), {"output_size": 2}),
    "batch_norm": ((2, 6, 9, 8), {}),
    "rms_norm": ((2, 6, 9, 8), {"normalized_shape": (9, 8)}),
    "local_response_norm": ((2, 6, 9, 8), {"size": 3, "alpha": 1.0}),
    "celu": ((2, 6, 9, 8), {"alpha": 0.5}),
    "selu": ((2, 6, 9, 8), {}),
    "hardshrink": ((2, 6, 9, 8), {}),
    "softshrink": ((2, 6, 9, 8), {}),
    "threshold": ((2, 6, 9, 8), {"threshold": 0.1, "value": -3.0}),
}


@pytest.mark.parametrize("op", LAYERS)
def test_layers_without_a_planned_form_stand_between_others(op: str) -> None:
    shape, attributes = LAYERS[op]
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 9, 8), 6)
    outputs = s.nodes_of(op, x if shape == (2, 6, 9, 8) else s.node("reshape", x, shape=shape), **attributes)
    assert_planned_right(s, *outputs, s.node("relu", outputs[0]))


@pytest.mark.parametrize("op", LAYERS)
@pytest.mark.parametrize("dtype", [DType.FLOAT16, DType.FLOAT64])
def test_layers_in_other_precisions(op: str, dtype: DType) -> None:
    shape, attributes = LAYERS[op]
    s = Sketch()
    outputs = s.nodes_of(op, s.input("x", *shape, dtype=dtype), **attributes)
    assert_planned_right(s, *outputs, s.node("relu", outputs[0]))


@pytest.mark.parametrize("affine", [True, False])
def test_a_norm_by_the_batch_is_not_folded(affine: bool) -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 9, 8), 6, bias=False)
    inputs = [None, None, s.normal(6), s.normal(6)] if affine else []
    assert_planned_right(s, s.node("relu", s.node("batch_norm", x, *inputs)))


@pytest.mark.parametrize("rank", [1, 3])
def test_convolutions_and_unpooling_of_other_ranks(rank: int) -> None:
    s = Sketch()
    size = (6,) * rank
    x = s.node(f"conv{rank}d", s.input("x", 2, 3, *size), s.normal(4, 3, *[3] * rank), s.normal(4), padding=1)
    values, where = s.nodes_of(f"max_pool{rank}d", s.node("relu", x), kernel_size=2, return_indices=True)
    up = s.node(f"max_unpool{rank}d", values, where, kernel_size=2)
    weight = s.normal(4, 2, *[2] * rank)
    assert_planned_right(s, up, s.node("tanh", s.node(f"conv_transpose{rank}d", values, weight, stride=2)))


def test_unpooling_of_images() -> None:
    s = Sketch()
    values, where = s.nodes_of("max_pool2d", s.conv(s.input("x", 2, 3, 8, 8), 6), kernel_size=2, return_indices=True)
    assert_planned_right(s, s.conv(s.node("max_unpool2d", values, where, kernel_size=2), 4))


def test_what_is_added_to_a_transposed_convolution_may_be_a_size() -> None:
    s = Sketch()
    h = symbol("H")
    s.symbols["H"] = Symbol("H")
    x = s.input("x", 1, 3, h, 7)
    down = s.conv(x, 4, 3, stride=2, padding=1)
    up = s.node("conv_transpose2d", down, s.normal(4, 3, 3, 3), stride=2, padding=1, output_padding=((h + 1) % 2, 0))
    for height in (8, 9):
        inputs = {"x": s.random.standard_normal((1, 3, height, 7)).astype("float32")}
        planned, plain = (run(s, up, mode=mode, inputs=inputs)["out"] for mode in ("default", "reference"))
        assert planned.shape == (1, 3, height, 7)
        np.testing.assert_allclose(planned, plain, atol=1e-5)
