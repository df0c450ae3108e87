"""A reading as bytes: the same comes back, damage is noticed, and a key changes with all that a reading depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.source import stored
from farm.source.catalogue import Catalogue, discover
from farm.source.closure import compute_closures
from farm.source.select import select
from farm.source.stored import Reading, decode, encode, state_key
from farm.source.tree import Unread

CATALOGUE = Catalogue(exclusions={"Mobile": "too slow"})


def reading(tree, catalogue=CATALOGUE) -> Reading:
    found = discover(tree, catalogue)
    return Reading(found, compute_closures(tree, (*found.architectures, *found.excluded), catalogue))


@pytest.fixture(scope="module")
def wild_zoo(zoo):
    """The small repository with a wildcard, a data file, a problem and a public name from outside the tree."""
    return {
        **zoo,
        "models/utils/__init__.py": zoo["models/utils/__init__.py"]
        + "import importlib\n\n\ndef load(name):\n    return importlib.import_module('models.heads.' + name)\n",
        "models/utils/rounding.py": zoo["models/utils/rounding.py"] + "\n\nTABLE = open('models/utils/table.txt')\n",
        "models/utils/table.txt": "1 2 3\n",
        "models/backbones/mobile.py": zoo["models/backbones/mobile.py"]
        .replace("import make_divisible", "import load, make_divisible")
        .replace("make_divisible(32", "load('fcn') and make_divisible(32"),
        "models/attention/__init__.py": "from torch.nn import MultiheadAttention\n\n"
        "__all__ = ['MultiheadAttention', 'ghost']\n",
    }


@pytest.fixture(scope="module")
def read(wild_zoo, files):
    return reading(files(wild_zoo))


def test_the_same_reading_comes_back(read):
    again = decode(encode(read))
    assert again is not None
    assert again.discovery == read.discovery
    assert list(again.closures) == list(read.closures)
    assert again.discovery.problems
    assert any(c.wildcards for c in again.closures.values())
    for architecture, closure in read.closures.items():
        other = again.closures[architecture]
        assert (other.root, other.hash, other.code) == (closure.root, closure.hash, closure.code)
        assert other.wildcards == closure.wildcards
        for part in ("definitions", "edges", "through"):
            assert dict(getattr(other, part)) == dict(getattr(closure, part))
        assert [(a.file, a.line) for a in again.closures] == [(a.file, a.line) for a in read.closures]


def test_selection_says_the_same_of_a_reading_that_was_kept(read, wild_zoo, files):
    edited = {**wild_zoo, "models/heads/fcn.py": wild_zoo["models/heads/fcn.py"].replace("factor=8", "factor=4")}
    after = reading(files(edited))
    expected = select(read.closures, after.closures, since="then", excluded=after.discovery.excluded)
    kept = [decode(encode(r)) for r in (read, after)]
    assert select(kept[0].closures, kept[1].closures, since="then", excluded=kept[1].discovery.excluded) == expected
    assert sum(s.selected for s in expected) > 1


def test_nothing_at_all_can_be_kept():
    empty = Reading(stored.Discovery((), {}, ()), {})
    assert decode(encode(empty)) == empty


@given(st.data())
def test_bytes_that_are_torn_or_damaged_are_none_of_ours(read, data):
    content = encode(read)
    place = data.draw(st.integers(0, len(content) - 1))
    assert decode(content[:place]) is None
    damaged = bytearray(content)
    damaged[place] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(damaged)) is None


@pytest.mark.parametrize("body", [b"", b"\x93\x90\x90\x90\x90", b"\x93\x90\x91\xc0\x90", b"\x01"])
def test_other_bytes_with_a_right_checksum_are_refused(body):
    import hashlib

    assert decode(hashlib.sha256(body).digest() + body) is None


def test_a_set_of_rows_that_the_table_lacks_is_refused(read):
    import hashlib

    reached = stored._Reached(next(iter(read.closures)), None, "r", "h", "c", b"\x01")
    body = stored.msgspec.msgpack.encode(stored._Stored((), (reached,), ()))
    assert decode(hashlib.sha256(body).digest() + body) is None


def test_a_key_names_all_that_a_reading_depends_on(zoo, files, monkeypatch):
    first = state_key(files(zoo), CATALOGUE)
    assert len(first) == 64
    assert state_key(files(dict(reversed(zoo.items()))), CATALOGUE) == first
    linked = files(zoo)
    linked.unread["models/linked.py"] = Unread.LINK
    others = {
        state_key(files({**zoo, "models/utils/rounding.py": "x = 1\n"}), CATALOGUE),
        state_key(files({**zoo, "notes.txt": ""}), CATALOGUE),
        state_key(files({"moved.py" if p == "mcore/module.py" else p: t for p, t in zoo.items()}), CATALOGUE),
        state_key(files(zoo), replace(CATALOGUE, exclusions={"Mobile": "too large"})),
        state_key(files(zoo), replace(CATALOGUE, packages=("models",))),
        state_key(files(zoo), replace(CATALOGUE, toolchain=())),
        state_key(linked, CATALOGUE),
    }
    assert len(others | {first}) == 8
    monkeypatch.setattr(stored, "HASH_SCHEMA", "0-py3.9")
    assert state_key(files(zoo), CATALOGUE) != first
    monkeypatch.undo()
    monkeypatch.setattr(stored, "_code", lambda: "another version")
    assert state_key(files(zoo), CATALOGUE) != first
