import hashlib
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.bundle import FileEntry
from mcore.platform.errors import FormatError
from mcore.platform.format.files import CHUNK, Blocks, Hashing, aligned_buffer, joined, opened, read_all, read_verified


@given(st.binary(max_size=40), st.integers(1, 9), st.integers(0, 45), st.integers(0, 45))
def test_parts_are_the_bytes_between_two_places(data, length, begin, end):
    pieces = [np.frombuffer(data[i : i + length], np.uint8) for i in range(0, len(data), length)]
    blocks = Blocks(pieces)
    assert blocks.size == len(data)
    end = min(end, len(data))
    parts = blocks.parts(begin, end)
    assert b"".join(part.tobytes() for part in parts) == data[begin:end]
    assert all(any(np.shares_memory(part, piece) for piece in pieces) for part in parts)
    assert joined(parts).tobytes() == data[begin:end]
    assert blocks.whole().tobytes() == data


def test_one_part_that_lies_well_is_not_copied():
    memory = aligned_buffer(200)
    memory[:] = np.arange(200)
    blocks = Blocks([memory])
    assert np.shares_memory(joined(blocks.parts(64, 200)), memory)
    moved = joined(blocks.parts(63, 200))
    assert moved.ctypes.data % 64 == 0
    np.testing.assert_array_equal(moved, memory[63:])


@pytest.mark.parametrize("sizes", [[], [3, 0, 5], [10, CHUNK, 7, CHUNK + 1], [CHUNK]])
def test_a_thread_hashes_what_any_hash_does(sizes):
    pieces = [np.random.default_rng(size).bytes(size) for size in sizes]
    with Hashing() as hashing:
        for piece in pieces:
            hashing.feed(memoryview(piece))
        wanted = hashlib.sha256(b"".join(pieces)).hexdigest()
        assert hashing.hexdigest() == wanted
        hashing.feed(memoryview(b"more"))
        assert hashing.hexdigest() == hashlib.sha256(b"".join([*pieces, b"more"])).hexdigest()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 3])
@pytest.mark.parametrize("block", [None, CHUNK // 2, CHUNK + 64])
def test_a_file_in_blocks(size, block, tmp_path):
    data = np.random.default_rng(size).bytes(size)
    (tmp_path / "file").write_bytes(data)
    entry = FileEntry(hashlib.sha256(data).hexdigest(), size)
    with opened(tmp_path, "file", entry) as descriptor, Hashing() as hashing:
        blocks = read_all(descriptor, "file", hashing, block)
        assert hashing.hexdigest() == entry.sha256
    assert blocks.whole().tobytes() == data == read_verified(tmp_path, "file", entry).tobytes()
    if block is not None:
        assert len(blocks.parts(0, size)) == -(-size // block)


def test_a_file_that_grows_or_shrinks_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    for change, at in ((50, 0), (150, 100)):
        path.write_bytes(bytes(100))
        with opened(tmp_path, "file", FileEntry("", 100)) as descriptor:
            preadv = os.preadv

            def changed(file, buffers, offset, preadv=preadv, change=change, at=at):
                if at == 0:
                    os.truncate(path, change)
                count = preadv(file, buffers, offset)
                if at:
                    os.truncate(path, change)
                return count

            monkeypatch.setattr(os, "preadv", changed)
            with pytest.raises(FormatError, match="file: changed while it was read"):
                read_all(descriptor, "file")
            monkeypatch.undo()


def test_descriptors_are_closed(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    before = os.listdir("/proc/self/fd")
    for entry in (FileEntry("0" * 64, 3), FileEntry("0" * 64, 4)):
        with pytest.raises(FormatError):
            read_verified(tmp_path, "file", entry)
    with pytest.raises(FormatError, match="not a regular file"):
        read_verified(tmp_path.parent, tmp_path.name, FileEntry("", 0))
    assert len(os.listdir("/proc/self/fd")) == len(before)
