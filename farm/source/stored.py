"""What was read from one tree, as bytes that can be kept: its architectures and their closures.

A key names all that the reading depends on: every file of the tree by git's id of its content, the catalogue, Python's version
and the code of this package. So a state that was kept is never out of date, and another version of the farm does not see it.

The bytes are MessagePack behind a checksum; reading them builds values of known types and runs nothing.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from farm.source.catalogue import Architecture, Catalogue, Discovery, Problem
from farm.source.closure import HASH_SCHEMA, Closure, closure_of
from farm.source.table import Row, Table
from farm.source.tree import SourceTree

_CHECKSUM = 32


class Reading(NamedTuple):
    """Architectures of a tree, and the closures of all of them, the excluded ones too."""

    discovery: Discovery
    closures: dict[Architecture, Closure]


class _Reached(msgspec.Struct, frozen=True, array_like=True):
    architecture: Architecture
    excluded: str | None
    root: str
    hash: str
    code: str
    mask: bytes


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    rows: tuple[Row, ...]
    reached: tuple[_Reached, ...]
    problems: tuple[Problem, ...]


_decoder = msgspec.msgpack.Decoder(_Stored)


def state_key(tree: SourceTree, catalogue: Catalogue) -> str:
    """Names all that a reading depends on; 64 hexadecimal digits."""
    digest = hashlib.sha256(f"{HASH_SCHEMA}\0{sys.version}\0{_code()}\0{astuple(catalogue)}\0".encode())
    for path in sorted(tree.paths()):
        digest.update(f"{path}\0{tree.blob_id(path)}\n".encode(errors="surrogateescape"))
    for path, kind in sorted(tree.unread.items()):
        digest.update(f"{path}\0{kind.name}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def encode(reading: Reading) -> bytes:
    """The bytes of a reading whose closures come of one :func:`~farm.source.closure.compute_closures`."""
    table = next((c.table for c in reading.closures.values() if c.table is not None), Table(()))
    reached = tuple(
        _Reached(a, reading.discovery.excluded.get(a), c.root, c.hash, c.code, _bytes(c.mask))
        for a, c in reading.closures.items()
    )
    body = msgspec.msgpack.encode(_Stored(table.rows, reached, reading.discovery.problems))
    return hashlib.sha256(body).digest() + body


def decode(content: bytes) -> Reading | None:
    """The reading; ``None`` for bytes that are torn, damaged, or none of ours."""
    checksum, body = content[:_CHECKSUM], content[_CHECKSUM:]
    if hashlib.sha256(body).digest() != checksum:
        return None
    try:
        stored = _decoder.decode(body)
    except msgspec.MsgspecError:
        return None
    table = Table(stored.rows)
    masks = [int.from_bytes(r.mask) for r in stored.reached]
    if max((m.bit_length() for m in masks), default=0) > len(table.rows):
        return None
    discovery = Discovery(
        tuple(r.architecture for r in stored.reached if r.excluded is None),
        {r.architecture: r.excluded for r in stored.reached if r.excluded is not None},
        stored.problems,
    )
    closures = {
        r.architecture: closure_of(table, r.root, r.hash, r.code, mask)
        for r, mask in zip(stored.reached, masks, strict=True)
    }  # fmt: skip
    return Reading(discovery, closures)


def _bytes(mask: int) -> bytes:
    return mask.to_bytes((mask.bit_length() + 7) // 8)


@cache
def _code() -> str:
    """Hash of the code that readings come of: a version of its own for every edit."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
