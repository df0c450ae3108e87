"""How many windows there are, and what their taps see."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcore.platform.dims import evaluate, symbol
from mcore.platform.errors import ShapeError
from mcore.platform.ops.windows import tap, window_count

H = symbol("H")
FEW = st.integers(1, 5)


def starts(size, kernel, stride, padding, dilation, ceil_mode):
    """Where windows start, by walking: the definition that the formula stands for."""
    span = dilation * (kernel - 1) + 1
    found, position = [], -padding
    while position + span <= size + padding:
        found.append(position)
        position += stride
    hangs_over = position + span - (size + padding)
    if ceil_mode and found and position < size and hangs_over < stride:
        found.append(position)
    return found


@given(st.integers(1, 30), FEW, FEW, st.integers(0, 4), FEW, st.booleans())
def test_the_count_is_that_of_walking(size, kernel, stride, padding, dilation, ceil_mode):
    assume(padding <= kernel // 2)
    assume(dilation * (kernel - 1) + 1 <= size + 2 * padding)
    wanted = len(starts(size, kernel, stride, padding, dilation, ceil_mode))
    assert window_count(size, kernel, stride, padding, dilation, ceil_mode=ceil_mode) == wanted
    symbolic = window_count(H, kernel, stride, padding, dilation, ceil_mode=ceil_mode)
    assert evaluate(symbolic, {"H": size}) == wanted


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_a_window_that_does_not_fit_is_refused(ceil_mode):
    with pytest.raises(ShapeError, match="window"):
        window_count(3, 9, 2, 0, ceil_mode=ceil_mode)


@given(st.tuples(FEW, FEW), st.tuples(FEW, FEW), st.tuples(FEW, FEW))
def test_taps_see_what_sliding_windows_hold(kernel, stride, dilation):
    x = np.arange(2 * 21 * 23).reshape(2, 21, 23)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, (1, 2))[:, :: stride[0], :: stride[1]]
    windows = windows[..., :: dilation[0], :: dilation[1]]
    for position in np.ndindex(*kernel):
        np.testing.assert_array_equal(x[tap(position, windows.shape[1:3], stride, dilation)], windows[..., *position])
