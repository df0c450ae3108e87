"""A plan for several threads: the bits of one, whatever is shared out."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.runtime import Model, Program, blas, crew, step
from mcore.platform.runtime.blas import Blas
from mcore.platform.runtime.planner import PlannedExecutor
from mcore.platform.runtime.step import Together
from tests.mcore.platform.runtime.graphs import Sketch, run
from tests.mcore.platform.runtime.test_planned import sketch


@pytest.fixture(autouse=True, scope="module")
def _processors() -> Iterator[None]:
    """As many as there are threads here, so that each lane has a process of its own on any machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crew, "processors", lambda: 3)
        yield


def assert_same_bits(s: Sketch, *values: str, mode: str = "default") -> None:
    one = run(s, *values, mode=mode)
    for threads in (2, 3):
        for name, array in run(s, *values, mode=mode, threads=threads).items():
            np.testing.assert_array_equal(array, one[name])


@pytest.fixture
def all_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "LEAST_WORK", 1)


@settings(max_examples=40)
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
    larger = [s.node("interpolate", e, size=(50, 31), mode=how) for how in ("nearest", "bicubic")]
    assert_same_bits(s, s.node("cat", up, up, dim=1), other, e, small, *larger, s.node("cat", d, d, dim=0), mode=mode)
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
    back = s.node("layer_norm", back, s.normal(96), s.normal(96), normalized_shape=(96,))
    attended = s.node("scaled_dot_product_attention", heads, heads, heads)
    assert_same_bits(s, back, attended)


def shared(program: Program) -> list[Together]:
    """All that is shared out."""
    assert isinstance(program.executor, PlannedExecutor)
    return [step for part in program.executor.parts for step in part.steps if isinstance(step, Together)]


def lanes_of(s: Sketch, y: str, threads: int) -> list[int]:
    shapes = {name: kind.concrete({}) for name, kind in s.inputs.items()}
    return [len(step.lanes) for step in shared(Program(s.graph(y), s.weights, shapes, threads=threads))]


def test_large_layers_are_shared_out_and_small_ones_are_not() -> None:
    s = Sketch()
    large, small = s.conv(s.input("x", 1, 64, 56, 56), 64), s.conv(s.input("y", 1, 8, 8, 8), 8)
    assert set(lanes_of(s, large, 2)) == {2}
    assert max(lanes_of(s, large, 3)) == 3
    assert lanes_of(s, large, 1) == lanes_of(s, small, 4) == []
    tokens = s.node("linear", s.input("t", 1, 197, 256), s.normal(512, 256))
    assert set(lanes_of(s, tokens, 2)) == {2}


def test_what_has_few_columns_bands_or_pixels_is_shared_out_too() -> None:
    def shared_by_two(make: Callable[[Sketch], str]) -> bool:
        s = Sketch()
        return 2 in lanes_of(s, make(s), 2)

    assert shared_by_two(lambda s: s.conv(s.input("x", 1, 192, 28, 28), 32, 1))
    assert shared_by_two(lambda s: s.conv(s.input("x", 1, 640, 7, 7), 640, groups=640, padding=0))
    assert shared_by_two(
        lambda s: s.node("layer_norm", s.input("x", 1, 197, 384), s.normal(384), normalized_shape=(384,))
    )
    assert shared_by_two(
        lambda s: s.node("interpolate", s.input("x", 1, 32, 14, 14), scale_factor=2.0, mode="bilinear")
    )
    for kernel in (2, 3):  # each output pixel has one source, or several
        assert shared_by_two(
            lambda s, k=kernel: s.node(
                "conv_transpose2d", s.input("x", 1, 64, 7, 7), s.normal(64, 64, k, k), stride=(2, 2)
            )
        )
    assert not shared_by_two(lambda s: s.conv(s.input("x", 1, 16, 7, 7), 32, 1))


@pytest.mark.usefixtures("all_is_shared")
def test_lanes_never_touch_what_another_writes() -> None:
    s = Sketch()
    x = s.input("x", 1, 16, 40, 33)
    a = s.node("silu", s.conv(s.node("relu", s.conv(x, 64)), 64, 3, groups=64))
    b = s.conv(s.node("max_pool2d", s.conv(a, 96, 1), kernel_size=2), 32, 3, stride=2)
    up = s.node("conv_transpose2d", b, s.normal(32, 16, 2, 2), stride=(2, 2))
    program = Program(s.graph(s.node("cat", up, up, dim=1)), s.weights, {"x": (1, 16, 40, 33)}, threads=2)
    checked = 0
    for (lanes,) in shared(program):
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
    assert shared(model.program({"x": (1, 64, 40, 40)}))


def convolution() -> tuple[Sketch, str]:
    s = Sketch()
    return s, s.conv(s.conv(s.input("x", 1, 32, 60, 60), 64), 64)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_fork_runs_on_memory_of_its_own(threads: int) -> None:
    s, y = convolution()
    program = Program(s.graph(y), s.weights, {"x": (1, 32, 60, 60)}, threads=threads)
    expected = [program.run(s.arrays(seed))["out"] for seed in range(2)]

    def is_right(seed: int) -> bool:
        return all(np.array_equal(program.run(s.arrays(seed))["out"], expected[seed]) for _ in range(20))

    child = os.fork()
    if child == 0:
        ok = False
        try:
            ok = is_right(1)
        finally:
            os._exit(0 if ok else 1)
    assert is_right(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of memory")
def test_a_program_leaves_no_memory_and_no_process_behind() -> None:
    def shared_maps() -> int:
        return Path("/proc/self/maps").read_text().count("/dev/zero")

    s, y = convolution()
    before = shared_maps()
    program = Program(s.graph(y), s.weights, {"x": (1, 32, 60, 60)}, threads=2)
    program.run(s.arrays())
    assert isinstance(program.executor, PlannedExecutor)
    (helper,) = program.executor.crew.helpers
    assert shared_maps() == before + 1
    del program
    gc.collect()
    assert shared_maps() == before
    assert not Path(f"/proc/{helper}").exists()


def test_a_failing_kernel_leaves_a_program_that_works() -> None:
    s = Sketch()
    y = s.node("sin", s.conv(s.input("x", 1, 64, 40, 40), 64))
    is_broken = True

    def sin(x: np.ndarray) -> np.ndarray:
        if is_broken:
            raise ZeroDivisionError("injected")
        return np.sin(x)

    program = Program(s.graph(y), s.weights, {"x": (1, 64, 40, 40)}, kernels={"sin": sin}, threads=2)
    with pytest.raises(ZeroDivisionError, match="injected"):
        program.run(s.arrays())
    is_broken = False
    np.testing.assert_array_equal(program.run(s.arrays())["out"], run(s, y, kernels={"sin": sin})["out"])
