"""A bundle's folder while it is made: what is large goes to the disk in a thread, while what makes the rest still runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from mcore.platform.bundle import FileEntry, Sample
from mcore.platform.format.atomic import staging_folder
from mcore.platform.format.manifest import WEIGHTS, sample_file
from mcore.platform.format.meaning import sample_meaning
from mcore.platform.format.samples import sample_from_bytes, sample_to_bytes
from mcore.platform.format.tensors import tensor_parts

#: Bytes that are hashed and written at a time: few enough to be in the cache still when they are read the second time.
_PIECE = 1 << 20

Parts = Sequence[bytes | memoryview]


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is on the disk; ``meaning`` is the hash of what a sample shows."""

    entry: FileEntry
    meaning: str = ""


class Staging:
    """A hidden folder beside ``target``, and weights and samples on their way into it.

    They are hashed, written and synced to the disk one after the other, by a thread that hardly ever holds the interpreter's
    lock. At the end of the context the folder is removed, unless it was put in place.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self._target = Path(os.path.abspath(target))
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._is_given_up = False
        self._folder: Path | None = None
        self._begun: dict[str, tuple[object, Future[Written]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def folder(self) -> Path:
        """The folder; it is made when it is first asked for."""
        if self._folder is None:
            self._folder = staging_folder(self._target)
        return self._folder

    @property
    def files(self) -> frozenset[str]:
        """Names of the files that were begun."""
        return frozenset(self._begun)

    def weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Begin to write ``weights``, which must stay as they are; if others were begun, these and their samples are dropped.

        Raises:
            FormatError: a name or an element type has no place in the file.
        """
        begun, _ = self._begun.get(WEIGHTS, (None, None))
        if begun is weights:
            return
        parts = tensor_parts(weights)
        if begun is not None:
            self._remove()
            self._begin_anew()
        self._submit(WEIGHTS, weights, lambda path: Written(self._write(path, parts)))

    def sample(self, sample: Sample) -> None:
        """Begin to write ``sample``, unless just this one was begun already.

        Raises:
            FormatError: it has no legal name.
        """
        file = sample_file(sample.name)
        begun, _ = self._begun.get(file, (None, None))
        if begun is not sample:
            self._submit(file, sample, lambda path: self._write_sample(path, sample))

    def written(self, file: str) -> Written:
        """A file that was begun, as soon as it is on the disk.

        Raises:
            FormatError: what should be in it has no place there.
            OSError: it cannot be written.
        """
        return self._begun[file][1].result()

    def _submit(self, file: str, content: object, write: Callable[[Path], Written]) -> None:
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        self._begun[file] = content, self._thread.submit(write, path)

    def _write_sample(self, path: Path, sample: Sample) -> Written:
        data = sample_to_bytes(sample)
        # As reading gives it, whatever kind of array or number was handed over.
        meaning = sample_meaning(sample_from_bytes(sample.name, data))
        return Written(self._write(path, [data]), meaning)

    def _write(self, path: Path, parts: Parts) -> FileEntry:
        """Write ``parts``, unless all is given up meanwhile: then nobody asks for what this returns."""
        digest, size = hashlib.sha256(), 0
        with open(path, "wb") as file:
            for piece in _pieces(parts):
                if self._is_given_up:
                    break
                digest.update(piece)
                size += file.write(piece)
            else:
                file.flush()
                os.fsync(file.fileno())
        return FileEntry(digest.hexdigest(), size)

    def _remove(self) -> None:
        self._is_given_up = True
        self._thread.shutdown(cancel_futures=True)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _pieces(parts: Parts) -> Iterator[memoryview]:
    for part in parts:
        for start in range(0, len(part), _PIECE):
            yield memoryview(part)[start : start + _PIECE]
