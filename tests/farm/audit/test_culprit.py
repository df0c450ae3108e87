"""Naming a missed edge: the files, then the definitions, that make the difference, and how they are reached."""

from __future__ import annotations

import hashlib

import pytest

from farm.audit.culprit import Edge, Search
from farm.audit.states import state_of
from farm.audit.trees import content
from farm.conversion.watch import Reach
from farm.source.tree import SourceTree
from tests.acceptance.hidden import FOUR, PART, SIZES
from tests.farm.audit.fakes import HIDDEN_FILES, Comes, FakeWorkshop, reader_of, truly
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK

KEY = "network:hidden"
RUNS = Reach("runs", "models/networks/hidden.py:10", "<module>")
CALLS = Reach("calls", "models/networks/hidden.py:25", "channels")


def by_value(tree: SourceTree, key: str, _: int) -> str:
    """What the part's code gives counts, and not its text."""
    space: dict[str, object] = {}
    try:
        exec((content(tree, PART) or b"").decode(), space)
        width = space["channels"]()  # type: ignore[operator]
    except Exception:
        return "MODEL_FAILED"
    sizes = sorted(content(tree, path) or b"" for path in tree.paths() if path.startswith(SIZES))
    return hashlib.sha256(f"{width} {sizes}".encode()).hexdigest()


def edge(scratch: Scratch, files: dict[str, str | None], comes: Comes = by_value, *reached: Reach) -> Edge | None:
    scratch.commit(HIDDEN_FILES)
    scratch.commit(files)
    reader = reader_of(scratch)
    old, new = reader.repository.tree("HEAD~1"), reader.repository.tree("HEAD")
    state = state_of(reader, new)
    assert state_of(reader, old).hash(KEY) == state.hash(KEY), "the selection sees it"
    search = Search(
        FakeWorkshop(comes, reached),  # type: ignore[arg-type]
        state.architectures[KEY],
        state.closures[KEY],
        comes(old, KEY, 0),
        comes(new, KEY, 0),
        lambda tree: state_of(reader, tree).hash(KEY),
    )
    return search.edge(old, new, ("models",))


NOISE = {f"models/basicblocks/noise{n}.py": f"n = {n}\n" for n in range(8)} | {
    "README.md": "words\n",
    BLOCK: HIDDEN_FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2"),
}


def test_the_definition_of_the_file_among_many_changes(scratch: Scratch) -> None:
    new = FOUR.replace("COUNT = 4", "COUNT = 5  # more").replace("return 0", "return 1").replace("Four", "Five")
    found = edge(scratch, {**NOISE, PART: new}, by_value, RUNS, CALLS)
    assert found == Edge((PART,), ("COUNT",), True, RUNS)
    assert str(found) == (
        "models/networks/hidden.py:10 reaches models/parts/four.py:COUNT at run time, and no edge says so"
    )


def test_a_call_of_the_very_definition_goes_before_other_ways(scratch: Scratch) -> None:
    other = Reach("calls", "models/a.py:1", "unused")
    found = edge(scratch, {PART: FOUR.replace("return COUNT", "return COUNT + 1")}, by_value, other, RUNS, CALLS)
    assert found == Edge((PART,), ("channels",), True, CALLS)


def test_two_definitions_that_only_work_together(scratch: Scratch) -> None:
    new = (
        FOUR.replace("COUNT = 4", "NUMBER = 7").replace("return COUNT", "return NUMBER").replace("return 0", "return 1")
    )
    found = edge(scratch, {PART: new})
    assert found is not None
    assert set(found.definitions) == {"NUMBER", "channels"}  # COUNT may go or stay


@pytest.mark.parametrize("text", ["3\n", None])
def test_a_data_file_that_came_or_went(scratch: Scratch, text: str | None) -> None:
    path = f"{SIZES}/three" if text else f"{SIZES}/two"
    opens = Reach("opens", "models/networks/hidden.py:14", path)
    found = edge(scratch, {**NOISE, path: text}, by_value, opens)
    assert found == Edge((path,), (), True, opens)


def test_a_file_outside_of_the_packages(scratch: Scratch) -> None:
    def reads_readme(tree: SourceTree, key: str, _: int) -> str:
        return hashlib.sha256(repr(content(tree, "README.md")).encode()).hexdigest()

    found = edge(scratch, NOISE, reads_readme)
    assert found == Edge(("README.md",), (), True, None)
    assert str(found) == "README.md makes the difference, and nothing was seen to reach it"


def test_a_comment_that_makes_the_difference_is_of_the_file(scratch: Scratch) -> None:
    found = edge(scratch, {PART: FOUR + "# more\n"}, truly)
    assert found == Edge((PART,), (), True, None)


def test_several_files_are_named_together(scratch: Scratch) -> None:
    def both(tree: SourceTree, key: str, _: int) -> str:
        one, other = (content(tree, f"models/basicblocks/noise{n}.py") is not None for n in (2, 5))
        return ("b" if one and other else "a") * 64

    found = edge(scratch, NOISE, both, RUNS)
    assert found is not None
    assert found.files == ("models/basicblocks/noise2.py", "models/basicblocks/noise5.py")
    assert str(found) == (
        "models/networks/hidden.py:10 reaches models/basicblocks/noise2.py, models/basicblocks/noise5.py at run time, "
        "and no edge says so"
    )


def test_where_no_file_differs_there_is_no_edge(scratch: Scratch) -> None:
    assert edge(scratch, {}) is None


def test_what_was_not_narrowed_down_is_said() -> None:
    text = str(Edge(tuple(f"models/f{n}.py" for n in range(9)), (), False, RUNS))
    assert "models/f0.py, models/f1.py, models/f2.py and 6 more files (or some of it: it was not narrowed" in text
