"""The weights of a bundle: in memory until they are asked for, then the asker's, and read again when asked for again.

A planned program holds its weights in forms of its own. Kept beside them, the weights as they were loaded would double its
memory; so a large one is handed over, and whoever asked lets go of it when its form is made. From then on it lies in the file
alone, which stays open: what is read from it again is checked against what was verified at first.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np

from mcore.platform.bundle import FileEntry
from mcore.platform.errors import FormatError
from mcore.platform.format.files import CHUNK, Hashing, aligned_buffer, check_hash, opened, read_all, read_into
from mcore.platform.format.manifest import WEIGHTS
from mcore.platform.format.tensors import Stored, tensors_in
from mcore.platform.graph import TensorType
from mcore.platform.weights import HandedOver

#: Tensors of fewer bytes stay in memory: biases, statistics, small filters. They are much asked for and take little.
LARGE = 1 << 20

#: Bytes of a block of memory that is free again when all large tensors in it have been handed over.
BLOCK = 8 << 20


class StoredTensors(HandedOver):
    """Tensors of a verified file, read-only and aligned.

    A large one is in memory until it is asked for the first time; then the caller has the only copy. Asked for again, it is
    read again, which takes its time: the first time that of reading and hashing the whole file.

    Args:
        stored: the tensors in memory; it is taken over.
        again: reads one anew.

    Raises (on access):
        FormatError: the file was changed since it was verified.
        OSError: the disk could not be read.
    """

    def __init__(self, stored: dict[str, Stored], again: Callable[[str], np.ndarray]) -> None:
        self._types = {name: TensorType(tensor.dtype, tensor.shape) for name, tensor in stored.items()}
        self._large = {name: tensor for name, tensor in stored.items() if tensor.end - tensor.begin >= LARGE}
        # As copies, for a view would keep its whole block.
        self._small = {name: tensor.copy().array() for name, tensor in stored.items() if name not in self._large}
        self._again = again

    @property
    def types(self) -> Mapping[str, TensorType]:
        """Element type and shape of each."""
        return self._types

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self._small:
            return self._small[name]
        if (tensor := self._large.pop(name, None)) is not None:
            return tensor.array()
        if name not in self._types:
            raise KeyError(name)
        return self._again(name)

    def own(self, name: str) -> np.ndarray:
        """A tensor that the caller may write to: a large one is the caller's anyway, of a small one a copy."""
        if name in self._small:
            return self._small[name].copy()
        array = self[name]
        array.flags.writeable = True  # its memory is, and no other view of it is about
        return array

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


class _Again:
    """Tensors of a verified file that stays open, read anew.

    The sha256 of each is taken at the first request, in a pass over the whole file, which must have the manifest's sha256 as
    before; what is read from then on is checked against that.
    """

    def __init__(self, descriptor: int, entry: FileEntry, stored: Mapping[str, Stored]) -> None:
        self._descriptor, self._entry = os.dup(descriptor), entry
        weakref.finalize(self, os.close, self._descriptor)
        self._stored = {name: replace(tensor, parts=()) for name, tensor in stored.items()}
        self._digests: dict[str, bytes] = {}
        self._lock = Lock()

    def __call__(self, name: str) -> np.ndarray:
        with self._lock:
            if not self._digests:
                self._digests = self._taken()
        tensor = self._stored[name]
        memory = aligned_buffer(tensor.end - tensor.begin)
        read_into(memory, self._descriptor, tensor.begin, WEIGHTS)
        if hashlib.sha256(memory.data).digest() != self._digests[name]:
            raise FormatError("changed since it was read", where=WEIGHTS)
        return replace(tensor, parts=(memory,)).array()

    def _taken(self) -> dict[str, bytes]:
        """The sha256 of each tensor."""
        whole, digests, position = hashlib.sha256(), {}, 0
        for name, tensor in sorted(self._stored.items(), key=lambda item: (item[1].begin, item[1].end)):
            self._pass(position, tensor.begin, whole)
            digest = hashlib.sha256()
            self._pass(tensor.begin, tensor.end, whole, digest)
            digests[name], position = digest.digest(), tensor.end
        self._pass(position, self._entry.size, whole)
        if whole.hexdigest() != self._entry.sha256:
            raise FormatError("changed since it was read", where=WEIGHTS)
        return digests

    def _pass(self, begin: int, end: int, *digests: hashlib._Hash) -> None:
        """Feed ``digests`` with the bytes from ``begin`` to ``end``."""
        for start in range(begin, end, CHUNK):
            memory = aligned_buffer(min(CHUNK, end - start))
            read_into(memory, self._descriptor, start, WEIGHTS)
            for digest in digests:
                digest.update(memory.data)


@contextmanager
def loading_weights(folder: Path, entry: FileEntry) -> Iterator[Callable[[], StoredTensors]]:
    """Read the weights of the bundle in ``folder``; the call that it gives waits until they are hashed, then parses them.

    Raises:
        FormatError: missing, damaged or not well formed.
    """
    with opened(folder, WEIGHTS, entry) as descriptor, Hashing() as hashing:
        loaded = [read_all(descriptor, WEIGHTS, hashing, BLOCK)]

        def weights() -> StoredTensors:
            check_hash(hashing, WEIGHTS, entry)
            stored, metadata = tensors_in(loaded.pop(), file=WEIGHTS)
            if metadata:
                raise FormatError("texts in the header of the weights", where=WEIGHTS)
            return StoredTensors(stored, _Again(descriptor, entry, stored))

        yield weights
