"""Files and folders that are held while somebody uses them, by a lock that ends with the process.

The lock is an advisory one (flock) on the entry itself, shared among its users. Whoever removes an entry must have it alone.
A name may lead to another entry by the time the lock is there, so that is looked at afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[int]:
    """The entry at ``path``, which nobody removes meanwhile; yields a descriptor of it.

    Raises:
        FileNotFoundError: there is none.
    """
    descriptor = _locked(path, os.O_RDONLY, fcntl.LOCK_SH)
    assert descriptor is not None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path, flags: int = os.O_RDONLY, *, wait: bool) -> Iterator[int | None]:
    """The entry at ``path`` for oneself; without ``wait``, ``None`` where somebody holds it.

    Raises:
        FileNotFoundError: there is none, and ``flags`` do not make it.
    """
    descriptor = _locked(path, flags, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(path: Path, flags: int, operation: int) -> int | None:
    while True:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, operation)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                    return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
