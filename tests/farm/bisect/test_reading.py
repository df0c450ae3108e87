"""Ranges as they are read from git."""

from __future__ import annotations

import pytest

from farm.bisect.reading import Range, read_range
from farm.errors import NotFoundError, UsageError
from farm.git import Repository
from farm.planning.plan import SourceReader
from farm.source.errors import UnknownRevisionError
from farm.source.stored import Reading
from farm.source.tree import SourceTree
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, tiny_inventory

KERNEL = FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")


class CountingReader(SourceReader):
    """Counts the states that are read."""

    reads = 0

    def read(self, tree: SourceTree) -> Reading:
        self.reads += 1
        return super().read(tree)


@pytest.fixture
def reader(scratch: Scratch) -> CountingReader:
    scratch.commit({**FILES, "data.txt": "1", "words.md": "1"}, "Start")
    return CountingReader(Repository.find(scratch.root), tiny_inventory())


def read(reader: SourceReader, name: str = "tiny", **more: str) -> Range:
    return read_range(reader, name, more.get("kind"), more.get("good", "main~2"), more.get("bad", "main"))


def test_the_candidates_are_what_the_bad_commit_has_and_the_good_one_has_not(
    scratch: Scratch, reader: CountingReader
) -> None:
    start = scratch.git("rev-parse", "HEAD")
    other = scratch.commit({"words.md": "2"})
    changed = scratch.commit({BLOCK: KERNEL}, "Kernel")
    found = read(reader)
    assert (found.good, found.bad, list(found.commits)) == ((start,), changed, [other, changed])
    assert found.closures[start] == found.closures[other] != found.closures[changed]
    assert found.architecture.key == "network:tiny"
    assert found.history.parents == {other: (start,), changed: (other,)}
    assert found.at(found.closures[other] or "") == start
    wide = read(reader, "wide")
    assert len(set(wide.closures.values())) == 1
    assert found.code[start]["network:wide"] == found.code[changed]["network:wide"]
    assert found.code[start]["block:Block"] != found.code[changed]["block:Block"]


def test_a_commit_that_changes_no_file_of_the_code_is_not_read_again(scratch: Scratch, reader: CountingReader) -> None:
    for number in range(4):
        scratch.commit({"words.md": f"more {number}"})
    read(reader, good="main~4")
    assert reader.reads == 1
    scratch.commit({"new.md": "a file that code could look for"})
    scratch.commit({"models/networks/small.py": FILES[SMALL] + "\n# words\n"})
    found = read(reader, good="main~6")
    assert reader.reads == 1 + 1 + 3, "main first; then the start, the new file, the other code"
    assert len(set(found.closures.values())) == 1


def test_a_data_file_that_code_reads_is_code(scratch: Scratch, reader: CountingReader) -> None:
    first = "self.conv = Conv2d(3, 16, 3)"
    text = FILES[SMALL].replace(first, f'open("data.txt")\n        {first}')
    scratch.commit({SMALL: text}, "Read it")
    scratch.commit({"data.txt": "2"}, "Other data")
    found = read(reader, "wide", good="main~1")
    assert len(set(found.closures.values())) == 2


def test_what_is_not_there_is_not_found(scratch: Scratch, reader: CountingReader) -> None:
    scratch.commit({"words.md": "2"})
    scratch.commit({"words.md": "3"})
    with pytest.raises(NotFoundError, match=r"no architecture at main named 'tniy'; did you mean tiny\?"):
        read(reader, "tniy")
    with pytest.raises(NotFoundError, match=r"no architecture named 'head:tiny'; did you mean network:tiny\?"):
        read(reader, kind="head")
    with pytest.raises(UnknownRevisionError):
        read(reader, good="mian")
    scratch.commit(
        {SMALL: FILES[SMALL].replace("class wide", "class vast"), "models/networks/__init__.py":
         'from models.networks.small import tiny, vast\n\n__all__ = ["tiny", "vast"]\n'}
    )  # fmt: skip
    with pytest.raises(NotFoundError, match=r"no network at main~1 \([0-9a-f]{10}\) named 'vast'"):
        read(reader, "vast", good="main~1")


def test_a_name_of_several_needs_a_kind(scratch: Scratch, reader: CountingReader) -> None:
    both = 'from models.networks.small import tiny\n\n__all__ = ["tiny"]\n'
    scratch.commit({"models/basicblocks/__init__.py": both})
    scratch.commit({"words.md": "2"})
    with pytest.raises(UsageError, match="'tiny' is the name of several: say --kind network or block"):
        read(reader, good="main~1")
    assert read(reader, good="main~1", kind="block").architecture.kind == "block"


def test_histories_without_a_common_commit_have_nothing_between(scratch: Scratch, reader: CountingReader) -> None:
    scratch.git("checkout", "--quiet", "--orphan", "alone")
    scratch.commit({"words.md": "2"})
    with pytest.raises(UsageError, match="have no commit in common"):
        read(reader, good="main", bad="alone")
