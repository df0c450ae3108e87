"""What an artifact store does, and the only names that exist in one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workers.artifacts.errors import ArtifactCorrupt

#: Streams and listings are cut into pieces of this size.
CHUNK_BYTES = 1 << 20
#: In every store that a converter has used, so that a host can tell its store from another place that answers.
MARK = b"an artifact store of a device farm\n"
MARK_SHA256 = hashlib.sha256(MARK).hexdigest()

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAME = re.compile(
    r"sha256/([0-9a-f]{2})/(?:(?P<artifact>\1[0-9a-f]{62})|\.\1[0-9a-f]{62}\.[0-9a-f]{16}\.tmp)"
    r"|damaged/[0-9a-f]{64}\.[0-9a-f]{16}",
    re.ASCII,
)
_OWNER = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store lists: an artifact, or with no ``sha256``, what a killed writer or a damage left.

    ``modified`` is by the store's clock.
    """

    name: str
    size_bytes: int
    modified: datetime

    @property
    def sha256(self) -> str | None:
        """The artifact's, ``None`` for what is none."""
        found = _NAME.fullmatch(self.name)
        return found["artifact"] if found else None


@dataclass(frozen=True, slots=True)
class Stream:
    """An artifact on its way, not verified: from byte ``start`` of ``size_bytes`` to the end."""

    start: int
    size_bytes: int
    chunks: Iterator[bytes | memoryview]


class ArtifactStore(Protocol):
    """A place for artifacts; its methods raise :class:`~workers.artifacts.errors.ArtifactError`."""

    def put(self, data: bytes | memoryview) -> str:
        """Store ``data`` and return its sha256.

        An artifact that is there already and intact is not written again; one that is damaged is set aside first.
        """

    def get(self, sha256: str, *, limit: int | None = None) -> bytes:
        """The artifact of that name, its sha256 verified; with ``limit``, one of more bytes is not even read."""

    def stream(self, sha256: str, *, start: int = 0) -> Stream:
        """The artifact from byte ``start`` on, or from the first where the store sends no parts.

        Not verified: whoever puts the parts together verifies the whole.
        """

    def has(self, sha256: str) -> bool:
        """Whether the store has an artifact of that name; its content is not read."""

    def list(self) -> Iterator[Stored]:
        """Everything that the store knows the meaning of; what else lies there is passed over, whatever its name."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove what :meth:`list` named; what is gone already is no error. ``ValueError`` for any other name."""

    def register(self, owner: str) -> None:
        """Note that a database, by its id of 32 hexadecimal digits, has artifacts here."""

    def owners(self) -> set[str]:
        """The databases that have artifacts here."""


def shown(url: str) -> str:
    """A store's URL as it may be printed: without account, password, query."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].partition('#')[0].rpartition('@')[2]}"


def object_name(sha256: str) -> str:
    """Where an artifact lies in any store, ``sha256/ab/<64 hex>``; raises ``ValueError`` for what is no sha256."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256[:80]!r} is not a sha256 in hexadecimal")
    return f"sha256/{sha256[:2]}/{sha256}"


def owner_name(owner: str) -> str:
    """Where a database's note of itself lies, ``owners/<32 hex>``; raises ``ValueError`` for what is no id."""
    if not _OWNER.fullmatch(owner):
        raise ValueError(f"{owner[:80]!r} is not the id of a database")
    return f"owners/{owner}"


def known_name(name: str) -> bool:
    """Whether a store has a meaning for ``name``: an artifact, a write that was never finished, a damaged artifact."""
    return _NAME.fullmatch(name) is not None


def check_names(names: Sequence[str]) -> None:
    """Raise ``ValueError`` for a name that no store lists: nothing else is ever removed."""
    for name in names:
        if not known_name(name):
            raise ValueError(f"{name[:80]!r} is not the name of an artifact")


def verified(data: bytes, sha256: str, origin: str) -> bytes:
    """``data`` if its name is right, else :class:`ArtifactCorrupt`."""
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise ArtifactCorrupt(f"artifact {sha256} in {origin} is damaged: its {len(data)} bytes have sha256 {found}")
    return data


def check_size(size: int, limit: int | None, sha256: str, origin: str) -> None:
    """Raise :class:`ArtifactCorrupt` for an artifact that is larger than it should be."""
    if limit is not None and size > limit:
        raise ArtifactCorrupt(f"artifact {sha256} in {origin} has {size} bytes, {limit} at most were expected")
