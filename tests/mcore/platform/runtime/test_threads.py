"""A plan for several threads: the bits of one, whatever is shared out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.runtime import Model, Program, blas, step
from mcore.platform.runtime.blas import Blas
from mcore.platform.runtime.crew import Crew
from mcore.platform.runtime.planner import PlannedExecutor
from tests.mcore.platform.runtime.graphs import Sketch, run
from tests.mcore.platform.runtime.test_planned import sketch


def assert_same_bits(s: Sketch, *values: str, mode: str = "default") -> None:
    one = run(s, *values, mode=mode)
    for threads in (2, 3):
        for name, array in run(s, *values, mode=mode, threads=threads).items():
            np.testing.assert_array_equal(array, one[name])


@pytest.fixture
def all_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "LEAST_WORK", 1)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), core=st.sampled_from(["Haswell", "SkylakeX"]), mode=st.sampled_from(["default", "fast"]))
def test_generated_networks(data: st.DataObject, core: str, mode: str) -> None:
    s, values = sketch(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "LEAST_WORK", 1)
        patch.setattr(blas, "current", lambda: Blas(core))
        assert_same_bits(s, *values, mode=mode)


@pytest.mark.usefixtures("all_is_shared")
@pytest.mark.parametrize("mode", ["default", "fast", "exact"])
def test_each_operation_over_many_tiles(mode: str) -> None:
    s = Sketch()
    x = s.input("x", 2, 3, 61, 47)
    stem = s.node("relu", s.conv(x, 40, 7, stride=2))
    a = s.node("add", s.conv(stem, 40), stem)
    b = s.node("hardswish", s.conv(a, 40, 5, groups=40))
    c = s.node("relu6", s.conv(b, 256, 1))
    d = s.node("max_pool2d", c, kernel_size=3, stride=2, padding=1)
    e = s.node("avg_pool2d", c, kernel_size=2, padding=1, count_include_pad=False)
    small = s.node("relu", s.conv(d, 192, 3, stride=2))
    up = s.node("conv_transpose2d", d, s.normal(256, 24, 2, 2), s.normal(24), stride=(2, 2))
    other = s.node("conv_transpose2d", d, s.normal(256, 9, 3, 3), stride=(2, 2))
    assert_same_bits(s, s.node("cat", up, up, dim=1), other, e, small, s.node("cat", d, d, dim=0), mode=mode)
    reference, planned = run(s, up, e, small, mode="reference"), run(s, up, e, small, mode=mode, threads=2)
    for name, expected in reference.items():
        assert np.abs(planned[name] - expected).max() <= 3e-5 * np.abs(expected).max()


@pytest.mark.usefixtures("all_is_shared")
@pytest.mark.parametrize("tokens", [50, 700])
def test_layers_over_tokens(tokens: int) -> None:
    s = Sketch()
    x = s.input("x", 1, tokens, 96)
    wide = s.node("gelu", s.node("linear", x, s.normal(384, 96), s.normal(384)))
    back = s.node("add", s.node("linear", wide, s.normal(96, 384)), x)
    heads = s.node("transpose", s.node("reshape", back, shape=(1, tokens, 6, 16)), dim0=1, dim1=2)
    attended = s.node("scaled_dot_product_attention", heads, heads, heads)
    assert_same_bits(s, back, attended)


def lanes_of(s: Sketch, y: str, threads: int) -> list[int]:
    shapes = {name: kind.concrete({}) for name, kind in s.inputs.items()}
    executor = Program(s.graph(y), s.weights, shapes, threads=threads).executor
    assert isinstance(executor, PlannedExecutor)
    return [len(lanes) for call, lanes, _ in executor._steps if getattr(call, "__func__", None) is Crew.run]


def test_large_layers_are_shared_out_and_small_ones_are_not() -> None:
    s = Sketch()
    large, small = s.conv(s.input("x", 1, 64, 56, 56), 64), s.conv(s.input("y", 1, 8, 8, 8), 8)
    assert set(lanes_of(s, large, 2)) == {2}
    assert max(lanes_of(s, large, 3)) == 3
    assert lanes_of(s, large, 1) == lanes_of(s, small, 4) == []
    tokens = s.node("linear", s.input("t", 1, 197, 256), s.normal(512, 256))
    assert set(lanes_of(s, tokens, 2)) == {2}


@pytest.mark.usefixtures("all_is_shared")
def test_lanes_never_touch_what_another_writes() -> None:
    s = Sketch()
    x = s.input("x", 1, 16, 40, 33)
    a = s.node("silu", s.conv(s.node("relu", s.conv(x, 64)), 64, 3, groups=64))
    b = s.conv(s.node("max_pool2d", s.conv(a, 96, 1), kernel_size=2), 32, 3, stride=2)
    up = s.node("conv_transpose2d", b, s.normal(32, 16, 2, 2), stride=(2, 2))
    executor = Program(s.graph(s.node("cat", up, up, dim=1)), s.weights, {"x": (1, 16, 40, 33)}, threads=2).executor
    assert isinstance(executor, PlannedExecutor)
    checked = 0
    for call, lanes, _ in executor._steps:
        if getattr(call, "__func__", None) is not Crew.run:
            continue
        for mine, other in (lanes, lanes[::-1]):
            for _, _, written in mine:
                for _, arguments, out in other:
                    for array in (out, *(a for a in arguments if isinstance(a, np.ndarray))):
                        checked += 1
                        if np.may_share_memory(written, array):
                            assert not np.shares_memory(written, array, max_work=10**7)
    assert checked > 100


def test_a_model_plans_for_its_threads() -> None:
    s = Sketch()
    y = s.conv(s.input("x", 1, 64, 40, 40), 64)
    model = Model(s.graph(y), s.weights, threads=2)
    one = run(s, y)["out"]
    np.testing.assert_array_equal(model.run(s.arrays())["out"], one)
    executor = model.program({"x": (1, 64, 40, 40)}).executor
    assert isinstance(executor, PlannedExecutor)
    assert any(getattr(call, "__func__", None) is Crew.run for call, _, _ in executor._steps)
