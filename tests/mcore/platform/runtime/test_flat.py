import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.runtime.flat import PERIOD, TILE, pieces, repeated, with_vector


@pytest.mark.parametrize("size", [1, 3, 64, 1000, PERIOD, PERIOD + 1])
def test_vectors_are_repeated_whole(size: int) -> None:
    vector = np.arange(size, dtype=np.float32)
    tile = repeated(vector)
    assert tile.size >= PERIOD
    assert tile.size < PERIOD + size
    np.testing.assert_array_equal(tile.reshape(-1, size), np.broadcast_to(vector, (tile.size // size, size)))


@pytest.mark.parametrize("channels", [1, 7, 64, 5000])
@pytest.mark.parametrize("rows", [1, 3, 200])
def test_a_vector_meets_every_row(channels: int, rows: int) -> None:
    random = np.random.default_rng(0)
    x, vector = (random.standard_normal(n).astype(np.float32) for n in (rows * channels, channels))
    out = np.full_like(x, np.nan)
    for call, arguments, target in with_vector(np.add, x, repeated(vector), out):
        call(*arguments, out=target)
    np.testing.assert_array_equal(out.reshape(rows, channels), x.reshape(rows, channels) + vector)


@given(st.integers(0, 50), st.integers(0, 2000), st.integers(1, 200))
def test_pieces_cover_a_range_once(first: int, rows: int, channels: int) -> None:
    start, stop = first * channels, (first + rows) * channels
    found = list(pieces(start, stop, channels))
    assert sum(b - a for a, b in found) == stop - start
    assert all(a < b <= a + max(TILE, channels) and (a - start) % channels == 0 for a, b in found)
    assert [a for a, _ in found[1:]] == [b for _, b in found[:-1]]
    if rows:
        assert (found[0][0], found[-1][1]) == (start, stop)
