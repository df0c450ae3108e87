"""What an audit makes of endings: hits, misses, and what is no miss though it looks like one."""

from __future__ import annotations

import pytest

from farm.audit.auditor import SECOND_SEED, Auditor, Found
from farm.audit.records import Known
from farm.conversion.watch import Reach
from farm.planning.plan import SourceReader
from farm.source.tree import SourceTree
from tests.acceptance.hidden import FOUR, PART, SIZES
from tests.farm.audit.fakes import HIDDEN_FILES, FakeWorkshop, reader_of, state_at, truly
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK

WIDER = {PART: FOUR.replace("COUNT = 4", "COUNT = 5").replace("return 0", "return 1")}
KERNEL = {BLOCK: HIDDEN_FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")}
CALL = Reach("calls", "models/networks/hidden.py:25", "channels")


@pytest.fixture
def repository(scratch: Scratch) -> Scratch:
    scratch.commit(HIDDEN_FILES, "Start")
    return scratch


def audited(
    reader: SourceReader,
    workshop: FakeWorkshop,
    known: dict[str, Known] | None = None,
    base: str = "HEAD~1",
    commit: str = "HEAD",
) -> Found:
    before, after = state_at(reader, base), state_at(reader, commit)
    selected = {key: before.hash(key) != after.hash(key) for key in after.tested}
    auditor = Auditor(workshop, reader, ("models",), before, after, selected)  # type: ignore[arg-type]
    return auditor.audit(auditor.comparable(), known or {}, lambda _: None)


def rows(found: Found) -> dict[str, tuple[bool, bool | None]]:
    """Whether each was selected, and whether it changed."""
    return {row.key: (row.selected, row.changed) for row in found.rows}


def test_a_change_that_selection_sees_is_no_miss(repository: Scratch) -> None:
    repository.commit(KERNEL)
    found = audited(reader_of(repository), workshop := FakeWorkshop())
    assert rows(found) == {
        "block:Block": (True, True),
        "network:hidden": (False, False),
        "network:tiny": (True, True),
        "network:wide": (False, False),
    }
    assert (found.misses, found.differing) == ((), {})
    assert len(workshop.asked) == 8  # each once at each commit


def test_a_miss_is_found_and_its_edge_is_named(repository: Scratch) -> None:
    before = repository.git("rev-parse", "HEAD")
    after = repository.commit({**WIDER, **KERNEL, "README.md": "words\n"})
    found = audited(reader_of(repository), workshop := FakeWorkshop(reached=[CALL]))
    assert rows(found)["network:hidden"] == (False, True)
    (miss,) = found.misses
    assert (miss.key, miss.base, miss.commit, miss.files) == ("network:hidden", before, after, (PART,))
    assert miss.before != miss.after
    assert workshop.watched == [PART]
    assert miss.edge.startswith("models/networks/hidden.py:25 reaches models/parts/four.py:")
    assert miss.edge.endswith(" at run time, and no edge says so")


def test_what_differs_each_time_is_no_miss(repository: Scratch) -> None:
    repository.commit(WIDER)

    def random(tree: SourceTree, key: str, hash_seed: int) -> str:
        return truly(tree, key) if key != "network:hidden" or hash_seed == 0 else "f" * 64

    found = audited(reader_of(repository), workshop := FakeWorkshop(random))
    assert found.misses == ()
    assert found.differing.keys() == {"network:hidden"}
    assert rows(found)["network:hidden"] == (False, None)
    assert SECOND_SEED in {seed for _, _, seed in workshop.asked}


def test_nor_is_what_differs_at_the_base_alone(repository: Scratch) -> None:
    """The change has mended it."""
    base = repository.git("rev-parse", "HEAD")
    repository.commit(WIDER)

    def random(tree: SourceTree, key: str, hash_seed: int) -> str:
        return "f" * 64 if key == "network:hidden" and tree.key == base and hash_seed else truly(tree, key)

    found = audited(reader_of(repository), FakeWorkshop(random))
    assert (found.misses, found.differing.keys()) == ((), {"network:hidden"})


def test_what_is_known_is_not_converted_again(repository: Scratch) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit(KERNEL)
    reader = reader_of(repository)
    tree = reader.repository.tree(base)
    known = {key: Known(base, truly(tree, key)) for key in ("network:wide", "network:hidden", "network:tiny")}
    found = audited(reader, workshop := FakeWorkshop(), known)
    assert rows(found)["network:tiny"] == (True, True)
    assert [key for at, key, _ in workshop.asked if at == base] == ["block:Block"]


def test_what_another_machine_has_recorded_otherwise_is_no_miss(repository: Scratch) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit(KERNEL)
    found = audited(reader_of(repository), FakeWorkshop(), {"network:wide": Known(base, "e" * 64)})
    assert found.misses == ()
    (row,) = (row for row in found.rows if row.key == "network:wide")
    assert row.note == "what was recorded before is not what the same code makes here"
    assert row.changed is None


def test_a_miss_of_an_earlier_commit_is_placed_there_and_is_no_change_of_this_one(repository: Scratch) -> None:
    first = repository.git("rev-parse", "HEAD")
    second = repository.commit(WIDER)
    repository.commit(KERNEL)
    reader = reader_of(repository)
    known = {"network:hidden": Known(first, truly(reader.repository.tree(first), "network:hidden"))}
    found = audited(reader, FakeWorkshop(), known)
    (miss,) = found.misses
    assert (miss.base, miss.commit, miss.files) == (first, second, (PART,))
    assert rows(found)["network:hidden"] == (False, False)


def test_a_commit_that_is_gone_cannot_be_looked_at(repository: Scratch) -> None:
    repository.commit(KERNEL)
    found = audited(reader_of(repository), FakeWorkshop(), {"network:hidden": Known("0" * 40, "e" * 64)})
    assert found.misses == ()


def test_what_the_machine_broke_is_not_judged(repository: Scratch) -> None:
    repository.commit(WIDER)

    def dying(tree: SourceTree, key: str, _: int) -> str:
        return "" if key == "network:hidden" else truly(tree, key)

    found = audited(reader_of(repository), FakeWorkshop(dying))
    (row,) = (row for row in found.rows if row.key == "network:hidden")
    assert (row.changed, row.note) == (None, "before: INFRA_ERROR: it said so")
    assert found.misses == ()


def test_a_bundle_that_becomes_a_refusal_is_a_miss_too(repository: Scratch) -> None:
    after = repository.commit({f"{SIZES}/three": "three\n"})

    def strict(tree: SourceTree, key: str, _: int) -> str:
        broken = key == "network:hidden" and f"{SIZES}/three" in tree.paths()
        return "MODEL_FAILED" if broken else truly(tree, key)

    found = audited(reader_of(repository), FakeWorkshop(strict, [Reach("opens", "models/x.py:3", f"{SIZES}/three")]))
    (miss,) = found.misses
    assert (miss.commit, miss.after, miss.files) == (after, "MODEL_FAILED", (f"{SIZES}/three",))
    assert miss.edge == "models/x.py:3 reaches models/parts/sizes/three at run time, and no edge says so"
    assert miss.difference == "a bundle and MODEL_FAILED: it said so"


def test_another_toolchain_of_the_commit_itself_is_no_miss(repository: Scratch) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit(WIDER)
    old, new = FakeWorkshop(), FakeWorkshop(toolchain="2")

    class Both(FakeWorkshop):
        def convert(self, tree, architectures, **options):  # type: ignore[no-untyped-def, override]
            return (old if tree.key == base else new).convert(tree, architectures, **options)

    found = audited(reader_of(repository), Both())
    assert found.misses == ()
    assert {row.note for row in found.rows if row.key == "network:hidden"} == {
        "the toolchain of the commit is another one"
    }


def test_what_is_new_or_gone_is_not_compared(repository: Scratch) -> None:
    networks = "models/networks/__init__.py"
    repository.commit(
        {networks: HIDDEN_FILES[networks].replace('"tiny", ', "").replace("import tiny, wide", "import wide")}
    )
    assert set(rows(audited(reader_of(repository), FakeWorkshop()))) == {
        "block:Block",
        "network:hidden",
        "network:wide",
    }
    assert set(rows(audited(reader_of(repository), FakeWorkshop(), base="HEAD", commit="HEAD~1"))) == {
        "block:Block",
        "network:hidden",
        "network:wide",
    }
