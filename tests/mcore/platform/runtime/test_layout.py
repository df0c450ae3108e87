"""Which values are views, and which copies a plan makes."""

from mcore.platform.runtime.binding import bind
from mcore.platform.runtime.forms import IMAGE
from mcore.platform.runtime.fusion import fuse
from mcore.platform.runtime.layout import Laid, lay_out
from mcore.platform.runtime.rewrite import simplified
from mcore.platform.runtime.selection import heads
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right


def laid(s: Sketch, *values: str) -> Laid:
    """The layout of a graph that the planned program is also checked on."""
    assert_planned_right(s, *values)
    binding = simplified(
        bind(s.graph(*values), s.weights, {name: kind.concrete({}) for name, kind in s.inputs.items()})
    )
    return lay_out(binding, fuse(binding, heads(binding)))


def computed(s: Sketch, *values: str) -> list[str]:
    """Ops that are computed rather than views, in order; a copy shows as ``reshape``."""
    return [group.head.op for group in laid(s, *values).groups]


def test_images_are_channels_last_with_all_that_keeps_their_order() -> None:
    s = Sketch()
    x, other = s.input("x", 2, 3, 6, 6), s.input("other", 2, 4, 6, 6)
    a = s.conv(x, 4)
    b = s.node("add", s.node("relu", a), other)
    c = s.node("softmax", s.node("cat", b, s.node("exp", a), dim=1), dim=1)
    found = laid(s, c, a)
    for name in (x, a, b, c):
        assert found.forms.dense_order(name) == IMAGE


def test_an_input_that_a_convolution_reads_later_is_channels_last() -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 6, 6)
    found = laid(s, s.conv(s.node("gelu", s.node("erf", x)), 4))
    assert found.forms.dense_order(x) == IMAGE


def test_without_an_image_op_the_order_is_the_graph_s() -> None:
    s = Sketch()
    x = s.input("x", 2, 4, 6, 6)
    y = s.node("softmax", s.node("relu", x), dim=-1)
    found = laid(s, y, s.linear(x, 3))
    assert found.forms.dense_order(x) == found.forms.dense_order(y) == (0, 1, 2, 3)


def test_pixels_as_tokens_and_back_are_views() -> None:
    s = Sketch()
    image = s.conv(s.input("x", 2, 3, 8, 8), 16)
    tokens = s.node("transpose", s.node("flatten", image, start_dim=2), dim0=1, dim1=2)
    y = s.node("add", s.linear(tokens, 16), tokens)
    back = s.node("reshape", s.node("transpose", y, dim0=1, dim1=2), shape=(2, 16, 8, 8))
    assert computed(s, s.conv(back, 4)) == ["conv2d", "linear", "conv2d"]


def test_norm_and_linear_on_channels_last_need_no_copy() -> None:
    s = Sketch()
    image = s.conv(s.input("x", 2, 3, 8, 8), 16)
    last = s.node("permute", image, dims=(0, 2, 3, 1))
    y = s.linear(s.node("layer_norm", last, s.normal(16), normalized_shape=(16,)), 16)
    first = s.node("permute", y, dims=(0, 3, 1, 2))
    z = s.node("add", s.node("mul", first, s.normal(16, 1, 1)), image)
    assert computed(s, z) == ["conv2d", "layer_norm", "linear", "mul"]


def test_heads_are_views_and_attention_writes_what_comes_after() -> None:
    s = Sketch()
    x = s.input("x", 2, 9, 24)
    qkv = s.node("permute", s.node("reshape", s.linear(x, 72), shape=(2, 9, 3, 4, 6)), dims=(2, 0, 3, 1, 4))
    mixed = s.node("scaled_dot_product_attention", *s.nodes_of("unbind", qkv, dim=0))
    merged = s.node("reshape", s.node("transpose", mixed, dim0=1, dim1=2), shape=(2, 9, 24))
    assert computed(s, s.linear(merged, 24)) == ["linear", "scaled_dot_product_attention", "linear"]


def test_windows_are_one_copy() -> None:
    s = Sketch()
    image = s.conv(s.input("x", 2, 3, 8, 8), 4)
    last = s.node("permute", image, dims=(0, 2, 3, 1))
    parts = s.node("permute", s.node("reshape", last, shape=(2, 2, 4, 2, 4, 4)), dims=(0, 1, 3, 2, 4, 5))
    windows = s.linear(s.node("reshape", parts, shape=(8, 16, 4)), 4)
    whole = s.node("permute", s.node("reshape", windows, shape=(2, 2, 2, 4, 4, 4)), dims=(0, 1, 3, 2, 4, 5))
    y = s.node("reshape", whole, shape=(2, 8, 8, 4))
    assert computed(s, y) == ["conv2d", "reshape", "linear", "reshape"]


def test_a_value_that_two_readers_want_in_two_orders_is_copied_once() -> None:
    s = Sketch()
    x = s.node("erf", s.linear(s.input("x", 2, 3, 6, 6), 6))
    found = laid(s, s.conv(x, 4), s.conv(x, 5), x)
    assert [group.head.op for group in found.groups] == ["linear", "erf", "reshape", "conv2d", "conv2d"]


def test_constants_are_laid_out_with_what_they_are_combined_with() -> None:
    s = Sketch()
    a = s.conv(s.input("x", 2, 3, 6, 6), 4)
    found = laid(s, s.node("add", a, s.normal(2, 4, 6, 6)))
    (_, addition) = found.groups
    assert all(found.forms.dense_order(name) == IMAGE for name in addition.head.operands)


def test_views_of_inputs_and_weights_can_be_outputs() -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 4)
    turned = s.node("permute", x, dims=(2, 0, 1))
    assert (
        computed(s, turned, s.node("select", turned, dim=0, index=-1), s.node("expand", s.normal(1, 3), size=(4, 3)))
        == []
    )


def test_operands_that_blas_cannot_read_are_copied() -> None:
    s = Sketch()
    image = s.conv(s.input("x", 2, 3, 6, 8), 4)
    turned = s.node("transpose", image, dim0=2, dim1=3)
    assert computed(s, s.node("matmul", image, turned)) == ["conv2d", "reshape", "reshape", "matmul"]
    pixels = s.node("flatten", image, start_dim=2)
    assert computed(s, s.node("matmul", pixels, s.node("transpose", pixels, dim0=1, dim1=2))) == ["conv2d", "matmul"]


def test_a_value_of_rank_0_has_nothing_to_exchange() -> None:
    s = Sketch()
    assert_planned_right(s, s.node("transpose", s.node("sum", s.input("x", 3, 4)), dim0=0, dim1=-1))


def test_heads_are_mixed_where_the_product_left_them() -> None:
    s = Sketch()
    scores = s.node("matmul", s.input("q", 2, 4, 9, 8), s.input("k", 2, 4, 8, 9))
    mixed = s.node("permute", s.linear(s.node("permute", scores, dims=(0, 2, 3, 1)), 4), dims=(0, 3, 1, 2))
    found = laid(s, s.node("softmax", mixed, dim=-1))
    assert [group.head.op for group in found.groups] == ["matmul", "linear", "softmax"]
    assert all(found.forms.dense_order(name) == (0, 1, 2, 3) for name in (scores, mixed))
