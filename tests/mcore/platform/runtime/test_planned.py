"""Planned programs against the plain kernels, over many generated graphs."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcore.platform.runtime import Program, blas
from mcore.platform.runtime.blas import Blas
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run

Grow = Callable[[Sketch, str, st.DataObject], str]


def pick(data: st.DataObject, *options: object) -> object:
    return data.draw(st.sampled_from(options))


def convolve(s: Sketch, x: str, data: st.DataObject) -> str:
    channels = s.channels(x)
    groups = pick(data, 1, 1, *(g for g in (2, channels) if channels % g == 0))
    outputs = groups * data.draw(st.integers(1, 6)) if groups != channels else channels
    kernel = pick(data, 1, 3, 3, (1, 3), 5)
    dilation = pick(data, 1, 1, 2)
    reach = 2 * (kernel if isinstance(kernel, int) else 3) - 1
    return s.conv(x, outputs, kernel, stride=pick(data, 1, 1, 2), padding=reach // 2, groups=groups, dilation=dilation)


def widen(s: Sketch, x: str, _: st.DataObject) -> str:
    return s.conv(x, 32, bias=False)


def activate(s: Sketch, x: str, data: st.DataObject) -> str:
    op, attributes = pick(
        data, ("relu", {}), ("relu6", {}), ("silu", {}), ("hardswish", {}), ("sigmoid", {}), ("gelu", {}), ("elu", {}),
        ("leaky_relu", {"negative_slope": 0.2}), ("hardtanh", {"min_val": -0.5}), ("mul", {"other": 0.5}), ("tanh", {}),
    )  # fmt: skip
    return s.node(op, x, **attributes)


def normalise(s: Sketch, x: str, _: st.DataObject) -> str:
    return s.norm(x)


def pool(s: Sketch, x: str, data: st.DataObject) -> str:
    op = pick(data, "max_pool2d", "avg_pool2d")
    kernel, stride = pick(data, 2, 3), pick(data, 1, 2)
    options = {"ceil_mode": pick(data, True, False), "padding": 1}
    return s.node(str(op), x, kernel_size=kernel, stride=stride, **options)


def add(s: Sketch, x: str, data: st.DataObject) -> str:
    return s.node(str(pick(data, "add", "mul", "sub")), x, s.conv(x, s.channels(x), 1))


def residual(s: Sketch, x: str, data: st.DataObject) -> str:
    inner = s.norm(s.conv(x, s.channels(x), 3, bias=False))
    return s.node("relu", s.node("add", *(pick(data, (inner, x), (x, inner)))))


def gate(s: Sketch, x: str, _: st.DataObject) -> str:
    squeezed = s.node("adaptive_avg_pool2d", x, output_size=1)
    return s.node("mul", x, s.node("sigmoid", s.conv(squeezed, s.channels(x), 1)))


def join(s: Sketch, x: str, _: st.DataObject) -> str:
    return s.node("cat", x, s.node("relu", s.conv(x, 3)), x, dim=1)


def resize(s: Sketch, x: str, data: st.DataObject) -> str:
    mode = str(pick(data, "nearest", "bilinear", "bicubic"))
    return s.node("interpolate", x, size=(data.draw(st.integers(5, 24)), data.draw(st.integers(5, 24))), mode=mode)


def spread(s: Sketch, x: str, data: st.DataObject) -> str:
    weight = s.normal(s.channels(x), 5, 2, 2, scale=0.3)
    return s.node("conv_transpose2d", x, weight, s.normal(5), stride=pick(data, 1, 2))


def turn(s: Sketch, x: str, _: st.DataObject) -> str:
    return s.node("permute", x, dims=(0, 1, 3, 2))


def soften(s: Sketch, x: str, _: st.DataObject) -> str:
    return s.node("softmax", x, dim=1)


def channels_last(s: Sketch, x: str, data: st.DataObject) -> str:
    """A block that works on the last dimension, as ConvNeXt's."""
    c = s.channels(x)
    last = s.node("permute", x, dims=(0, 2, 3, 1))
    y = s.linear(s.node("layer_norm", last, s.normal(c), s.normal(c), normalized_shape=(c,)), c)
    return s.node("add", s.node("mul", s.node("permute", y, dims=(0, 3, 1, 2)), s.normal(c, 1, 1)), x)


def attend(s: Sketch, x: str, data: st.DataObject) -> str:
    """Attention among the pixels, and the tokens put back as an image."""
    n, c, h, w = (int(size) for size in s.types[x].shape)
    tokens = s.node("transpose", s.node("flatten", x, start_dim=2), dim0=1, dim1=2)
    qkv = s.node("permute", s.node("reshape", s.linear(tokens, 3 * c), shape=(n, h * w, 3, 1, c)), dims=(2, 0, 3, 1, 4))
    mixed = s.node("scaled_dot_product_attention", *s.nodes_of("unbind", qkv, dim=0))
    merged = s.node("reshape", s.node("transpose", mixed, dim0=1, dim1=2), shape=(n, h * w, c))
    return s.node("reshape", s.node("transpose", merged, dim0=1, dim1=2), shape=(n, c, h, w))


def shift(s: Sketch, x: str, data: st.DataObject) -> str:
    rolled = s.node("roll", x, shifts=(data.draw(st.integers(-3, 3)), 2), dims=(2, 3))
    return s.node("pad", rolled, pad=(0, data.draw(st.integers(0, 2)), 1, 0))


def halves(s: Sketch, x: str, data: st.DataObject) -> str:
    """Parts along some dimension, exchanged."""
    dim = data.draw(st.integers(1, 3))
    parts = s.nodes_of("chunk", x, chunks=2, dim=dim)
    return s.node("cat", *(s.node("relu", part) for part in parts[:1]), *parts[:0:-1], parts[0], dim=dim)


def mix(s: Sketch, x: str, _: st.DataObject) -> str:
    """A layer over the rows of each channel."""
    turned = s.node("transpose", x, dim0=2, dim1=3)
    return s.node("transpose", s.node("gelu", s.linear(turned, int(s.types[x].shape[2]))), dim0=2, dim1=3)


def group(s: Sketch, x: str, _: st.DataObject) -> str:
    """With the input added: alone, a norm of what is nearly constant is nothing but rounding errors."""
    return s.node("add", s.node("group_norm", x, s.normal(s.channels(x)), num_groups=1, eps=0.1), x)


GROWTHS: tuple[Grow, ...] = (
    convolve, widen, activate, normalise, pool, add, residual, gate, join, resize, spread, turn, soften,
    channels_last, attend, shift, halves, mix, group,
)  # fmt: skip


def sketch(data: st.DataObject) -> tuple[Sketch, list[str]]:
    """A random network, and the values that it returns: the last, and maybe inner ones."""
    s = Sketch(data.draw(st.integers(0, 1000)))
    size = (data.draw(st.integers(6, 26)), data.draw(st.integers(6, 26)))
    values = [s.input("x", data.draw(st.integers(1, 3)), data.draw(st.sampled_from([1, 3, 8, 32])), *size)]
    for _ in range(data.draw(st.integers(1, 7))):
        value = data.draw(st.sampled_from(values[-3:]))
        if min(int(n) for n in s.types[value].shape[2:]) >= 4:
            values.append(data.draw(st.sampled_from(GROWTHS))(s, value, data))
    inner = data.draw(st.lists(st.sampled_from(values), max_size=2))
    return s, [values[-1], *inner]


generated = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("core", ["Haswell", "SkylakeX"])
@generated
@given(data=st.data())
def test_generated_networks(core: str, data: st.DataObject) -> None:
    s, values = sketch(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blas, "current", lambda: Blas(core))
        assert_planned_right(s, *values)


@settings(max_examples=40)
@given(data=st.data())
def test_generated_networks_again_after_another_input(data: st.DataObject) -> None:
    s, values = sketch(data)
    arrays = s.arrays(1)
    program = Program(s.graph(*values), s.weights, {"x": arrays["x"].shape})
    first = program.run(arrays)
    kept = {name: array.copy() for name, array in first.items()}
    program.run(s.arrays(2))
    again = program.run(arrays)
    for name, array in kept.items():
        np.testing.assert_array_equal(first[name], array)
        np.testing.assert_array_equal(again[name], array)


@pytest.mark.parametrize("growth", GROWTHS, ids=lambda growth: growth.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_each_block_alone(growth: Grow, data: st.DataObject) -> None:
    s = Sketch()
    assert_planned_right(s, growth(s, s.input("x", 2, 8, 11, 14), data))


def test_a_transformer_block() -> None:
    s = Sketch()
    image = s.conv(s.input("x", 2, 3, 16, 24), 32, 4, stride=4, padding=0)
    tokens = s.node("transpose", s.node("flatten", image, start_dim=2, end_dim=-1), dim0=1, dim1=2)
    width = {"normalized_shape": (32,)}
    normed = s.node("layer_norm", tokens, s.normal(32), s.normal(32), **width)
    heads = [
        s.node("permute", s.node("reshape", s.linear(normed, 32), shape=(2, 24, 4, 8)), dims=(0, 2, 1, 3))
        for _ in range(3)
    ]
    scores = s.node("matmul", heads[0], s.node("transpose", heads[1], dim0=2, dim1=3))
    mixed = s.node("matmul", s.node("softmax", s.node("mul", scores, other=8**-0.5), dim=-1), heads[2])
    merged = s.node("reshape", s.node("permute", mixed, dims=(0, 2, 1, 3)), shape=(2, 24, 32))
    x = s.node("add", s.linear(merged, 32), tokens)
    hidden = s.node("gelu", s.linear(s.node("layer_norm", x, s.normal(32), s.normal(32), **width), 64))
    y = s.node("add", x, s.linear(hidden, 32))
    back = s.node("reshape", s.node("transpose", y, dim0=1, dim1=2), shape=(2, 32, 4, 6))
    assert_planned_right(s, s.conv(back, 8), y, merged)


def test_linear_on_images_with_channels_last() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 9, 7), 12)
    last = s.node("permute", x, dims=(0, 2, 3, 1))
    y = s.node("add", s.node("relu", s.linear(last, 12)), last)
    assert_planned_right(s, y, s.conv(s.node("permute", y, dims=(0, 3, 1, 2)), 4))


def test_a_convolution_on_what_linear_made() -> None:
    """Both want the same value, each in its own order of memory."""
    s = Sketch()
    x = s.input("x", 1, 4, 8, 6)
    a = s.linear(x, 6)
    assert_planned_right(s, s.conv(s.node("add", a, x), 3), s.linear(s.conv(a, 4), 5))


def test_convolutions_whose_weights_are_computed() -> None:
    s = Sketch()
    x = s.input("x", 1, 4, 8, 8)
    fixed = s.node("mul", s.normal(6, 4, 3, 3), s.normal(6, 1, 1, 1))
    kernel = s.node("reshape", s.node("mean", x, dim=(2, 3)), shape=(1, 4, 1, 1))
    assert_planned_right(s, s.conv(x, 2), s.node("conv2d", x, fixed), s.node("conv2d", x, kernel))


def test_norms_of_other_ranks_and_statistics_at_run_time() -> None:
    s = Sketch()
    x = s.input("x", 3, 6)
    mean = s.node("mean", s.conv(s.input("y", 3, 6, 5, 5), 6), dim=(0, 2, 3))
    variance = s.weight(np.ones(6, np.float32))
    assert_planned_right(s, s.norm(x), s.node("batch_norm", x, mean, variance))


def test_elementwise_constants_of_an_image() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 6, 5), 8)
    table, channel, whole = s.normal(1, 8, 6, 5), s.normal(8, 1, 1), s.normal(2, 8, 6, 5)
    y = s.node("mul", s.node("add", x, table), channel)
    assert_planned_right(s, s.node("relu", s.node("sub", whole, y)), s.node("add", y, whole))


def test_a_value_combined_with_itself() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 1, 3, 6, 6), 4)
    assert_planned_right(s, s.node("add", x, x), s.node("mul", s.node("relu", x), x), s.node("cat", x, x, dim=0))


def test_both_sides_of_a_sum_could_take_it() -> None:
    s = Sketch()
    x = s.input("x", 2, 8, 12, 12)
    a, b = s.norm(s.conv(x, 32, stride=2)), s.norm(s.conv(x, 32, 1, stride=2))
    assert_planned_right(s, s.node("relu", s.node("add", a, b)))
    assert_planned_right(s, s.node("relu", s.node("add", b, a)), a)


def test_integers_bools_and_halves_take_their_plain_kernels() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 1, 3, 6, 6), 4)
    half = s.node("cast", x, dtype="float16")
    count = s.node("cast", s.node("gt", x, other=0), dtype="int64")
    outputs = [s.node("add", half, half), s.node("add", count, other=2), s.node("max_pool2d", count, kernel_size=2)]
    assert_planned_right(
        s, *outputs, s.node("cat", count, count, dim=1), s.node("where", s.node("gt", x, other=0), x, x)
    )


def test_types_that_promote_are_not_planned_as_float32() -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 4, 4)
    double = s.node("cast", x, dtype="float64")
    assert_planned_right(s, s.node("add", x, double), s.node("cat", x, double, dim=1), s.node("mul", x, other=2))


def test_ops_with_several_outputs_of_which_some_are_unused() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 8, 8), 9)
    first, _, last = s.nodes_of("chunk", x, chunks=3, dim=1)
    assert_planned_right(s, s.node("add", first, s.node("relu", last)))


def test_values_without_dimensions_or_elements() -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 4, 4)
    total = s.node("sum", x)
    assert_planned_right(s, total, s.node("mul", x, total), s.node("relu", s.input("none", 0, 3)))


def test_reshapes_of_images_see_the_graph_s_order() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 4, 6), 8)
    flat = s.node("flatten", x, start_dim=1, end_dim=-1)
    image = s.node("reshape", flat, shape=(2, 4, 8, 6))
    pooled = s.node("adaptive_avg_pool2d", s.conv(image, 5), output_size=1)
    vector = s.node("squeeze", pooled, dim=(2, 3))
    again = s.node("unsqueeze", s.node("unsqueeze", vector, dim=2), dim=3)
    assert_planned_right(
        s, flat, s.linear(vector, 3), s.conv(again, 4, 1), s.conv(s.node("reshape", x, shape=(16, 1, 4, 6)), 2)
    )


def test_exact_and_default_agree_but_for_winograd() -> None:
    s = Sketch()
    x = s.input("x", 1, 32, 16, 16)
    direct, winograd = s.conv(x, 32, 1), s.conv(x, 32)
    default, exact = (run(s, direct, winograd, mode=mode) for mode in ("default", "exact"))
    np.testing.assert_array_equal(default["out"], exact["out"])
    assert not np.array_equal(default["out1"], exact["out1"])
