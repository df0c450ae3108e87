"""Each convolution strategy against the plain kernel, on either kind of BLAS core."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.runtime import blas
from mcore.platform.runtime.blas import Blas
from mcore.platform.runtime.memory import Arena
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.strategies import Convolution, Geometry, strategy
from mcore.platform.runtime.strategies.depthwise import DepthwiseConvolution
from mcore.platform.runtime.strategies.im2col import Im2colConvolution
from mcore.platform.runtime.strategies.pointwise import PointwiseConvolution
from mcore.platform.runtime.strategies.winograd import LargeWinogradConvolution, WinogradConvolution
from tests.mcore.platform.runtime.graphs import Sketch, run

CORES = ["Haswell", "SkylakeX"]


def geometry(channels: int, outputs: int, kernel: int, side: int = 32, *, stride: int = 1, **options: int) -> Geometry:
    padding, dilation = options.get("padding", kernel // 2), options.get("dilation", 1)
    out = (side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    groups = options.get("groups", 1)
    pairs = [(n, n) for n in (kernel, stride, padding, dilation)]
    return Geometry(1, (side, side), channels, (out, out), outputs, *pairs, groups)


@pytest.mark.parametrize(
    ("numbers", "chosen"),
    [
        (geometry(64, 64, 3), WinogradConvolution),
        (geometry(64, 64, 3, padding=0), WinogradConvolution),
        (geometry(64, 64, 3, 10), WinogradConvolution),
        (geometry(64, 64, 3, 9), Im2colConvolution),
        (geometry(64, 64, 3, stride=2), Im2colConvolution),
        (geometry(64, 64, 3, dilation=2), Im2colConvolution),
        (geometry(3, 64, 3), Im2colConvolution),
        (geometry(3, 64, 7, stride=2), Im2colConvolution),
        (geometry(64, 64, 5), Im2colConvolution),
        (geometry(64, 256, 1), PointwiseConvolution),
        (geometry(64, 256, 1, stride=2), PointwiseConvolution),
        (geometry(64, 256, 1, padding=1), Im2colConvolution),
        (geometry(64, 64, 3, groups=64), DepthwiseConvolution),
        (geometry(64, 128, 3, groups=64), Im2colConvolution),
        (geometry(64, 64, 3, groups=32), Im2colConvolution),
        (geometry(64, 64, 1, groups=4), Im2colConvolution),
    ],
)
def test_the_table(numbers: Geometry, chosen: type[Convolution]) -> None:
    assert strategy(numbers, Mode.DEFAULT) is chosen
    assert strategy(numbers, Mode.EXACT) is (Im2colConvolution if chosen is WinogradConvolution else chosen)
    is_large = chosen is WinogradConvolution and min(numbers.out_size) >= 24
    assert strategy(numbers, Mode.FAST) is (LargeWinogradConvolution if is_large else chosen)


def force(monkeypatch: pytest.MonkeyPatch, chosen: type[Convolution], core: str) -> None:
    monkeypatch.setattr("mcore.platform.runtime.strategies.strategy", lambda numbers, mode: chosen)
    monkeypatch.setattr(blas, "current", lambda: Blas(core))


def error(s: Sketch, *values: str) -> float:
    """Largest error of the outputs, relative to their peaks."""
    reference, planned = run(s, *values, mode="reference"), run(s, *values)
    return max(float(np.abs(planned[n] - a).max() / max(np.abs(a).max(), 1e-9)) for n, a in reference.items())


WINOGRAD = [(WinogradConvolution, 2e-6), (LargeWinogradConvolution, 2e-5)]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(("chosen", "limit"), WINOGRAD)
@pytest.mark.parametrize("padding", [0, 1, 2, (0, 1), (3, 0)])
@pytest.mark.parametrize("size", [(3, 3), (4, 3), (5, 8), (10, 11), (23, 40)])
def test_winograd(
    monkeypatch: pytest.MonkeyPatch,
    core: str,
    chosen: type[Convolution],
    limit: float,
    padding: int,
    size: tuple[int, int],
) -> None:
    force(monkeypatch, chosen, core)
    for batch, channels, outputs, bias in [(1, 5, 7, True), (2, 16, 8, False)]:
        s = Sketch()
        y = s.conv(s.input("x", batch, channels, *size), outputs, padding=padding, bias=bias)
        assert error(s, y, s.node("relu", y)) < limit


def test_winograd_is_as_accurate_as_direct_and_its_larger_tiles_less(monkeypatch: pytest.MonkeyPatch) -> None:
    s = Sketch()
    y = s.conv(s.input("x", 1, 128, 28, 28), 128)
    exact = run(double(s), y, mode="reference", inputs={"x": np.float64(s.arrays()["x"])})["out"]
    errors = {}
    for chosen in (WinogradConvolution, Im2colConvolution, LargeWinogradConvolution):
        force(monkeypatch, chosen, "Haswell")
        errors[chosen] = np.abs(run(s, y)["out"] - exact).max() / np.abs(exact).max()
    assert errors[WinogradConvolution] < 2 * errors[Im2colConvolution] < 2e-6
    assert errors[WinogradConvolution] < errors[LargeWinogradConvolution] < 1e-5


def double(s: Sketch) -> Sketch:
    """The same graph in float64."""
    wide = Sketch()
    wide.weights = {name: np.float64(array) for name, array in s.weights.items()}
    wide.types = {name: TensorType(DType.FLOAT64, kind.shape) for name, kind in s.types.items()}
    wide.inputs = {name: wide.types[name] for name in s.inputs}
    wide.nodes = s.nodes
    return wide


@pytest.mark.parametrize("chosen", [WinogradConvolution, LargeWinogradConvolution])
def test_winograd_in_bands(monkeypatch: pytest.MonkeyPatch, chosen: type[Convolution]) -> None:
    """A band of one tile row gives what one of all rows does: bands only cut the work."""
    limit = dict(WINOGRAD)[chosen]
    force(monkeypatch, chosen, "Haswell")
    s = Sketch()
    y = s.node("relu", s.conv(s.input("x", 2, 8, 21, 19), 16))
    whole = run(s, y)["out"]
    monkeypatch.setattr("mcore.platform.runtime.strategies.winograd.BAND", 1)
    monkeypatch.setattr("mcore.platform.runtime.strategies.winograd.LEAST_TILES", 1)
    np.testing.assert_allclose(run(s, y)["out"], whole, atol=limit * whole.max())
    assert error(s, y) < limit


def test_im2col_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    force(monkeypatch, Im2colConvolution, "Haswell")
    for least in (1, 40, 10**6):  # a row at a time, a few rows, all images at once
        monkeypatch.setattr("mcore.platform.runtime.strategies.im2col.BAND", 1)
        monkeypatch.setattr("mcore.platform.runtime.strategies.im2col.LEAST_PIXELS", least)
        s = Sketch()
        y = s.conv(s.input("x", 3, 6, 13, 9), 10, (5, 3), stride=(2, 1))
        assert error(s, y, s.node("silu", y)) < 2e-6


@pytest.mark.parametrize("core", CORES)
def test_pointwise_over_many_rows(monkeypatch: pytest.MonkeyPatch, core: str) -> None:
    force(monkeypatch, PointwiseConvolution, core)
    for size, channels, outputs, stride in [((40, 33), 16, 96, 1), ((40, 33), 96, 24, 2), ((7, 7), 64, 512, 1)]:
        s = Sketch()
        y = s.conv(s.input("x", 2, channels, *size), outputs, 1, stride=stride)
        assert error(s, s.node("relu6", y)) < 2e-6
        assert error(s, y) < 2e-6


@pytest.mark.parametrize("channels", [1, 3, 8, 96, 600])
@pytest.mark.parametrize("stride", [1, 2, (1, 2), (3, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_depthwise(monkeypatch: pytest.MonkeyPatch, channels: int, stride: int, dilation: int) -> None:
    force(monkeypatch, DepthwiseConvolution, "Haswell")
    for kernel in (3, (5, 2)):
        s = Sketch()
        x = s.input("x", 2, channels, 13, 17)
        y = s.conv(x, channels, kernel, stride=stride, dilation=dilation, groups=channels, padding=2)
        assert error(s, s.node("hardswish", y), s.node("neg", y)) < 2e-6


convolutions = st.tuples(
    st.integers(1, 3),  # batch
    st.integers(1, 4),  # groups
    st.integers(1, 9),  # channels of a group
    st.integers(1, 9),  # outputs of a group
    st.tuples(st.integers(1, 5), st.integers(1, 5)),  # kernel
    st.tuples(st.integers(1, 3), st.integers(1, 3)),  # stride
    st.tuples(st.integers(0, 4), st.integers(0, 4)),  # padding
    st.tuples(st.integers(1, 3), st.integers(1, 3)),  # dilation
    st.tuples(st.integers(0, 12), st.integers(0, 12)),  # what the input has beyond its least size
)


@pytest.mark.parametrize("core", CORES)
@settings(max_examples=120)
@given(numbers=convolutions, bias=st.booleans())
def test_any_convolution(core: str, numbers: tuple, bias: bool) -> None:
    batch, groups, channels, outputs, kernel, stride, padding, dilation, extra = numbers
    reach = (d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    size = [max(r - 2 * p, 1) + e for r, p, e in zip(reach, padding, extra, strict=True)]
    s = Sketch(batch)
    x = s.input("x", batch, channels * groups, *size)
    y = s.conv(x, outputs * groups, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blas, "current", lambda: Blas(core))
        assert error(s, y, s.node("relu", y)) < 5e-6


@pytest.mark.parametrize("core", CORES)
def test_the_scratch_of_a_strategy_may_hold_anything(monkeypatch: pytest.MonkeyPatch, core: str) -> None:
    """Memory is shared: what another operation left there, NaN too, must not reach a result."""
    monkeypatch.setattr(blas, "current", lambda: Blas(core))
    for channels, outputs, kernel, groups in [(32, 32, 3, 1), (3, 8, 7, 1), (8, 8, 3, 8), (8, 8, 3, 2), (8, 40, 1, 1)]:
        s = Sketch()
        x = s.input("x", 2, channels, 15, 12)
        s.types[x] = TensorType(DType.FLOAT32, (2, channels, 15, 12))
        y = s.node("relu", s.conv(x, outputs, kernel, groups=groups))
        expected = run(s, y)["out"]
        with pytest.MonkeyPatch.context() as patch:
            poison(patch)
            np.testing.assert_array_equal(run(s, y)["out"], expected)


def poison(patch: pytest.MonkeyPatch) -> None:
    """Arenas start full of NaN instead of zero."""
    original = Arena.array

    def array(self: Arena, *arguments: object) -> np.ndarray:
        made = original(self, *arguments)
        if made.dtype.kind == "f":
            made.fill(np.nan)
        return made

    patch.setattr(Arena, "array", array)
