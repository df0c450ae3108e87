"""Functions of one element and the views before them."""

import numpy as np

from mcore.platform.runtime.binding import bind
from mcore.platform.runtime.hoisting import hoisted
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right


def order(s: Sketch, *values: str, kernels: dict[str, object] | None = None) -> list[str]:
    """Ops in order after hoisting; the planned program is checked too."""
    if kernels is None:
        assert_planned_right(s, *values)
    shapes = {name: kind.concrete({}) for name, kind in s.inputs.items()}
    return [node.op for node in hoisted(bind(s.graph(*values), s.weights, shapes, kernels)).nodes]


def tokens(s: Sketch) -> tuple[str, str]:
    image = s.conv(s.input("x", 2, 3, 6, 6), 8)
    return image, s.node("transpose", s.node("flatten", image, start_dim=2), dim0=1, dim1=2)


def test_through_several_views() -> None:
    s = Sketch()
    _, x = tokens(s)
    y = s.node("relu", s.node("gelu", x))
    assert order(s, y) == ["conv2d", "gelu", "relu", "flatten", "transpose"]


def test_not_where_others_read_the_view_or_what_it_is_of() -> None:
    s = Sketch()
    _, x = tokens(s)
    assert order(s, s.node("gelu", x), x)[-1] == "gelu"
    t = Sketch()
    image, x = tokens(t)
    assert order(t, t.node("gelu", x), t.node("relu", image)).index("gelu") > 1


def test_not_before_parts_inputs_or_injected_kernels() -> None:
    s = Sketch()
    image = s.conv(s.input("x", 2, 3, 6, 6), 8)
    y = s.node("gelu", s.node("slice", image, dim=1, end=3))
    z = s.node("relu", s.node("permute", s.input("z", 2, 3), dims=(1, 0)))
    assert order(s, y, z) == ["conv2d", "slice", "gelu", "permute", "relu"]
    t = Sketch()
    _, x = tokens(t)
    kernels = {"transpose": lambda x, **_: np.swapaxes(x, 1, 2)}
    assert order(t, t.node("gelu", x), kernels=kernels) == ["conv2d", "flatten", "transpose", "gelu"]
