"""Reductions over any dimensions, against the plain kernels."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right
from tests.mcore.platform.runtime.operations.values import shapes, value


@settings(max_examples=60)
@given(
    data=st.data(), shape=shapes, op=st.sampled_from(["mean", "sum", "amax", "amin"]), keepdim=st.booleans(),
)  # fmt: skip
def test_any_dimensions_of_any_layout(data: st.DataObject, shape: tuple[int, ...], op: str, keepdim: bool) -> None:
    s = Sketch()
    x = value(s, data, shape)
    if op in ("mean", "sum"):  # a sum that happens to be about zero has no relative accuracy
        x = s.node("add", s.node("abs", x), other=0.5)
    dim = data.draw(st.none() | st.sets(st.integers(0, len(shape) - 1), min_size=1).map(tuple))
    y = s.node(op, x, dim=dim, keepdim=keepdim)
    assert_planned_right(s, y, s.node("relu", y))


def test_spatial_and_channel_means_of_an_image() -> None:
    s = Sketch()
    x = s.conv(s.input("x", 2, 3, 40, 30), 24)
    gate = s.node("sigmoid", s.node("amax", x, dim=1, keepdim=True))
    assert_planned_right(s, s.node("mean", s.node("relu", x), dim=(2, 3)), s.node("mul", x, gate))
