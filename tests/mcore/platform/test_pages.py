import os
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform import pages
from mcore.platform.pages import ALIGNMENT, BLOCK, lasting, mapped


def resident() -> int:
    """Memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([np.uint8, np.float32, np.float64])), max_size=12))
def test_arrays_are_aligned_and_apart(wanted: list[tuple[int, type]]) -> None:
    arrays = [lasting((size, 3), dtype) for size, dtype in wanted]
    for number, array in enumerate(arrays):
        array[:] = number
    for number, (array, (size, dtype)) in enumerate(zip(arrays, wanted, strict=True)):
        assert array.shape == (size, 3)
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.ctypes.data % ALIGNMENT == 0 or not size
        assert (array == number).all()


@pytest.mark.parametrize("size", [BLOCK // 2 - 64, BLOCK // 2, BLOCK, BLOCK + 1])
def test_large_ones(size: int) -> None:
    arrays = [lasting((size,), np.uint8) for _ in range(3)]
    for number, array in enumerate(arrays):
        array[:] = number
    assert [(array.size, int(array.min()), int(array.max())) for array in arrays] == [(size, i, i) for i in range(3)]


def test_memory_is_free_when_all_that_share_it_are() -> None:
    before = resident()
    arrays = [lasting((BLOCK // 8,), np.uint8) for _ in range(32)]
    for array in arrays:
        array[:] = 1
    del array
    assert resident() - before > 2.5 * BLOCK
    arrays.clear()
    assert resident() - before < 1.5 * BLOCK  # one may still be in use by the next that asks


def test_a_little_takes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def noted(size: int) -> np.ndarray:
        taken.append(size)
        return mapped(size)

    monkeypatch.setattr(pages, "mapped", noted)
    wanted = [100] * 5 + [BLOCK // 4] * 8
    thread = threading.Thread(target=lambda: [lasting((size,), np.uint8) for size in wanted])  # it has no block yet
    thread.start()
    thread.join()
    assert taken[0] <= BLOCK // 8
    assert taken == sorted(taken)
    assert max(taken) == BLOCK


def test_threads_have_blocks_of_their_own() -> None:
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.extend(lasting((100,)) for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = sorted(array.ctypes.data for array in found)
    assert all(b - a >= 400 for a, b in pairwise(places))


def test_memory_of_its_own() -> None:
    memory = mapped(100)
    assert memory.size == 100
    assert not memory.any()
    memory[:] = 7
    assert mapped(0).size == 1
    with pytest.raises(MemoryError, match="no memory for"):
        mapped(1 << 60)


@pytest.mark.parametrize("size", [64, 4 << 20])
def test_forks_see_what_is_written_to_shared_memory_alone(size: int) -> None:
    own, shared = mapped(size), mapped(size, shared=True)
    child = os.fork()
    if child == 0:
        own[-1] = shared[-1] = 7
        os._exit(0)
    os.waitpid(child, 0)
    assert (int(own[-1]), int(shared[-1])) == (0, 7)
