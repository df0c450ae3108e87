import numpy as np
import pytest

from mcore.platform.runtime.strategies.geometry import Geometry, Padded, windows


def geometry(size: tuple[int, int], **changes: object) -> Geometry:
    numbers: dict[str, object] = {"kernel": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)} | changes
    out = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(
            size, *(numbers[name] for name in ("padding", "dilation", "kernel", "stride")), strict=True
        )
    ]
    return Geometry(2, size, 3, (out[0], out[1]), 4, **numbers, groups=1)


@pytest.mark.parametrize(
    ("changes", "reach"),
    [
        ({}, (8, 9)),
        ({"padding": (0, 0)}, (6, 7)),
        ({"stride": (2, 2)}, (7, 9)),  # the last row of padding below is not reached
        ({"stride": (4, 3), "padding": (0, 0)}, (3, 6)),
        ({"dilation": (2, 1), "padding": (2, 0)}, (10, 7)),
    ],
)
def test_the_padded_input_ends_with_the_last_window(changes: dict[str, object], reach: tuple[int, int]) -> None:
    assert geometry((6, 7), **changes).reach == reach


@pytest.mark.parametrize(
    "changes", [{}, {"stride": (2, 3)}, {"padding": (3, 0)}, {"kernel": (5, 5), "stride": (4, 4)}, {"padding": (0, 2)}]
)
def test_padding_is_zero_whatever_the_scratch_held(changes: dict[str, object]) -> None:
    g = geometry((6, 7), **changes)
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 3)).astype(np.float32)
    (top, left), (height, width) = g.padding, g.reach
    expected = np.pad(x, ((0, 0), (top, top), (left, left), (0, 0)))[:, :height, :width]
    padded = Padded(g)
    scratch = np.full(padded.scratch, np.nan, np.float32)
    for call, arguments, out in padded.steps(x, scratch):
        call(*arguments, out=out)
    np.testing.assert_array_equal(padded.view(x, scratch), expected)


def test_without_padding_the_input_is_read_where_it_lies() -> None:
    g = geometry((6, 7), padding=(0, 0))
    x = np.zeros((2, 6, 7, 3), np.float32)
    padded = Padded(g)
    assert padded.scratch == 0
    assert padded.view(x, np.empty(0, np.float32)) is x
    assert list(padded.steps(x, np.empty(0, np.float32))) == []


def test_windows_are_the_input_under_each_tap() -> None:
    g = geometry((9, 8), padding=(0, 0), stride=(2, 1), dilation=(1, 2))
    x = np.random.default_rng(0).standard_normal((2, 9, 8, 3)).astype(np.float32)
    view = windows(x, g, 3)
    assert view.shape == (2, *g.out_size, 3, 3, 3)
    for row, column, i, j in np.ndindex(*g.out_size, 3, 3):
        np.testing.assert_array_equal(view[:, row, column, i, j], x[:, 2 * row + i, column + 2 * j])
    with pytest.raises(ValueError, match="read-only"):
        view[:] = 0
