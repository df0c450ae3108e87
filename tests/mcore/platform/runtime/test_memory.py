import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.pages import ALIGNMENT, aligned, lasting
from mcore.platform.runtime.memory import Arena, Layout, aligned_copy, padded_rows


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 6)), max_size=60))
def test_live_ranges_never_overlap_and_stay_inside(requests: list[tuple[int, int]]) -> None:
    """Each request is a size in bytes and for how many requests it lives."""
    layout = Layout()
    live: list[tuple[int, int, int]] = []  # start, size, last request
    for now, (size, lifetime) in enumerate(requests):
        for start, length, last in [entry for entry in live if entry[2] < now]:
            layout.give(start, length)
            live.remove((start, length, last))
        start = layout.take(size)
        assert start % ALIGNMENT == 0
        assert start + aligned(size) <= layout.size_bytes
        for other, length, _ in live:
            assert start + aligned(size) <= other or other + aligned(length) <= start
        live.append((start, size, now + lifetime))


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=30))
def test_all_that_is_given_back_is_one_hole_again(sizes: list[int]) -> None:
    layout = Layout()
    taken = [(layout.take(size), size) for size in sizes]
    total = layout.size_bytes
    assert total == sum(map(aligned, sizes))
    for start, size in reversed(taken):
        layout.give(start, size)
    assert layout.take(total) == 0
    assert layout.size_bytes == total


def test_the_smallest_hole_that_fits_is_used() -> None:
    layout = Layout()
    large, _, small, _ = (layout.take(size) for size in (640, 64, 128, 64))
    layout.give(large, 640)
    layout.give(small, 128)
    assert layout.take(100) == small
    assert layout.take(100) == large
    assert layout.size_bytes == 896


def test_the_arena_grows_from_its_last_hole() -> None:
    layout = Layout()
    layout.take(64)
    start = layout.take(128)
    layout.give(start, 128)
    assert layout.take(256) == start
    assert layout.size_bytes == 64 + 256


@pytest.mark.parametrize("size", [0, 1, 64, 65])
def test_sizes_are_rounded_up_to_whole_lines(size: int) -> None:
    assert aligned(size) == max(1, -(-size // 64)) * 64


def test_an_array_may_be_empty() -> None:
    assert lasting((0, 3)).shape == aligned_copy(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("shape", [(), (3,), (2, 5, 7)])
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_arrays_are_aligned(shape: tuple[int, ...], dtype: str) -> None:
    array = lasting(shape, np.dtype(dtype))
    assert (array.shape, array.dtype, array.ctypes.data % ALIGNMENT) == (shape, np.dtype(dtype), 0)
    source = np.ones(shape, dtype)
    copy = aligned_copy(source)
    np.testing.assert_array_equal(copy, source)
    assert copy.ctypes.data % ALIGNMENT == 0
    assert not np.shares_memory(copy, source)


@pytest.mark.parametrize(("columns", "pitch"), [(64, 64), (100, 100), (128, 144), (512, 528), (130, 130)])
def test_rows_of_powers_of_two_are_set_apart(columns: int, pitch: int) -> None:
    matrix = np.arange(3 * columns, dtype=np.float32).reshape(3, columns)
    padded = padded_rows(matrix)
    np.testing.assert_array_equal(padded, matrix)
    assert padded.strides == (4 * pitch, 4)
    assert padded.ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize("shape", [(3, 5), (40, 33), (1, 1), (0, 4), (4, 0)])
def test_transposed_matrices_are_padded_too(shape: tuple[int, int]) -> None:
    matrix = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    np.testing.assert_array_equal(padded_rows(matrix.T), matrix.T)


def test_all_but_the_last_dimension_become_rows() -> None:
    kernel = np.arange(128 * 3 * 2 * 2, dtype=np.float32).reshape(128, 3, 2, 2)
    taps_first = kernel.transpose(2, 3, 1, 0)
    padded = padded_rows(taps_first)
    np.testing.assert_array_equal(padded, taps_first.reshape(12, 128))
    assert padded.strides == (4 * 144, 4)


def test_an_arena_gives_writable_arrays_that_outlive_it() -> None:
    arena = Arena(4096)
    a, b = arena.array(0, (4, 4), np.dtype("float32")), arena.array(64, (8,), np.dtype("int64"))
    del arena
    a[:], b[:] = 1.5, 7
    assert a.sum() == 24
    assert b.sum() == 56


def test_an_arena_may_be_empty() -> None:
    assert Arena(0).array(0, (0, 3), np.dtype("float32")).shape == (0, 3)
