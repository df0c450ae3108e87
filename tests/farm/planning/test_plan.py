"""Plans on real repositories: which state is meant, what is selected, in which order."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from farm import git
from farm.errors import InventoryError, NotFoundError
from farm.garbage import collect_frozen
from farm.git import Repository
from farm.planning import plan as planning
from farm.planning.plan import Plan, SourceReader, code_hashes, make_plan
from farm.planning.state_cache import StateCache
from farm.source.errors import UnknownRevisionError
from farm.source.table import Table
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, tiny_inventory


@pytest.fixture
def tiny(scratch: Scratch) -> Scratch:
    scratch.commit(FILES, "Start")
    return scratch


def plan(
    scratch: Scratch,
    since: str | None = None,
    commit: str | None = None,
    names: tuple[str, ...] = (),
    exclusions_only: bool = False,
) -> Plan:
    inventory = tiny_inventory()
    reader = SourceReader(Repository.find(scratch.root), inventory)
    return make_plan(
        reader, inventory, changed_since=since, names=names, commit=commit, exclusions_only=exclusions_only
    )


def selected(made: Plan) -> list[str]:
    return [entry.architecture.name for entry in made.selected]


def replaced(path: str, old: str, new: str) -> dict[str, str]:
    assert FILES[path].count(old) == 1
    return {path: FILES[path].replace(old, new)}


KERNEL = replaced(BLOCK, "channels, 3, padding=1", "channels, 5, padding=2")
STRIDE = replaced(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")


def test_everything_in_the_order_of_the_task_list_and_of_levels(tiny: Scratch) -> None:
    made = plan(tiny)
    assert selected(made) == ["wide", "tiny", "Block"]
    assert {e.selection.reason for e in made.entries} == {"everything is selected: all were asked for"}
    assert (made.base, made.removed, made.problems) == (None, (), ())


def test_just_the_names_that_are_asked_for(tiny: Scratch) -> None:
    made = plan(tiny, names=("Block", "tiny"))
    assert selected(made) == ["tiny", "Block"]
    reasons = {e.architecture.name: e.selection.reason for e in made.entries}
    assert reasons["tiny"] == "asked for by name"
    assert reasons["wide"] == "other names were asked for"


def test_a_name_that_is_not_there_is_refused_with_near_ones(tiny: Scratch) -> None:
    with pytest.raises(NotFoundError, match=r"no architecture named 'tinny'; did you mean tiny\?"):
        plan(tiny, names=("Block", "tinny"))


def test_the_state_is_the_commit_that_is_checked_out(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    second = tiny.commit(KERNEL, "Kernel")
    state = plan(tiny).state
    assert (state.key, state.sha, state.dirty, state.subject, state.parents) == (second, second, (), "Kernel", (first,))
    assert state.date.isoformat() == "2024-05-01T10:01:00+02:00"
    assert plan(tiny).before == (first,)


def test_what_changed_since_a_revision_and_why(tiny: Scratch) -> None:
    first = tiny.git("rev-parse", "HEAD")
    tiny.commit(KERNEL, "Kernel")
    made = plan(tiny, "HEAD~1")
    assert made.base == first
    assert selected(made) == ["tiny", "Block"]
    reasons = {e.architecture.name: e.selection.reason for e in made.entries}
    assert reasons["wide"] == f"unchanged since {first[:10]}"
    assert reasons["tiny"] == "changed: Block.__init__ (models/basicblocks/block.py) via tiny"
    assert [link.definition for link in made.selected[0].selection.chain] == [
        "models.networks.small.tiny",
        "models.basicblocks.block.Block",
    ]


def test_a_commit_is_planned_without_what_is_on_disk(tiny: Scratch) -> None:
    second = tiny.commit(KERNEL, "Kernel")
    tiny.write(STRIDE)
    tiny.write({"models/networks/broken.py": "def ("})
    made = plan(tiny, "HEAD~1", commit="HEAD")
    assert (made.state.key, made.state.dirty) == (second, ())
    assert selected(made) == ["tiny", "Block"]


def test_what_is_on_disk_is_planned_where_it_differs(tiny: Scratch) -> None:
    head = tiny.git("rev-parse", "HEAD")
    tiny.write({**STRIDE, "models/notes.py": "x = 1\n"})
    made = plan(tiny, "HEAD")
    assert made.state.key.startswith(f"{head}+dirty.")
    assert made.state.dirty == (SMALL, "models/notes.py")
    assert made.before == (head,)
    assert selected(made) == ["wide"]
    assert plan(tiny, "HEAD").state.key == made.state.key


def test_a_file_that_only_git_calls_dirty_is_the_commit(tiny: Scratch) -> None:
    (tiny.root / SMALL).chmod(0o755)
    assert Repository.find(tiny.root).dirty() == (SMALL,)
    state = plan(tiny).state
    assert (state.key, state.dirty) == (tiny.git("rev-parse", "HEAD"), ())


def test_new_and_removed_architectures(tiny: Scratch) -> None:
    more = FILES[SMALL] + "\n\nclass extra(wide):\n    pass\n"
    names = 'from models.networks.small import extra, tiny\n\n__all__ = ["tiny", "extra"]\n'
    tiny.commit({SMALL: more, "models/networks/__init__.py": names}, "More and less")
    made = plan(tiny, "HEAD~1")
    assert selected(made) == ["extra"]
    assert made.selected[0].selection.reason == "new architecture"
    assert [s.architecture.name for s in made.removed] == ["wide"]
    assert "wide" not in [e.architecture.name for e in made.entries]


def test_before_there_were_models_everything_is_new(scratch: Scratch) -> None:
    scratch.commit({"README.md": "words"}, "Start")
    scratch.commit(FILES, "Models")
    made = plan(scratch, "HEAD~1")
    assert selected(made) == ["wide", "tiny", "Block"]
    assert {e.selection.reason for e in made.entries} == {"new architecture"}


def test_exclusions_are_those_of_the_commit(tiny: Scratch) -> None:
    tiny.commit({"exclusions.yaml": "wide: too wide\n", **STRIDE}, "Exclude")
    made = plan(tiny, "HEAD~1")
    assert selected(made) == []
    assert {e.architecture.name: e.selection.reason for e in made.entries}["wide"] == "excluded: too wide"
    tiny.commit({"exclusions.yaml": "wide:\n"}, "Forget the reason")
    with pytest.raises(InventoryError, match=r"exclusions\.yaml:1: wide: an exclusion needs a reason"):
        plan(tiny)
    assert selected(plan(tiny, commit="HEAD~1")) == ["tiny", "Block"]


def test_only_the_exclusions(tiny: Scratch) -> None:
    tiny.commit({"exclusions.yaml": "wide: too wide\nblock:Block: no use\n"}, "Exclude")
    made = plan(tiny, exclusions_only=True)
    assert selected(made) == ["wide", "Block"]
    reasons = {e.architecture.name: e.selection.reason for e in made.entries}
    assert reasons == {
        "tiny": "only exclusions were asked for",
        "wide": "everything is selected: all were asked for (excluded: too wide)",
        "Block": "everything is selected: all were asked for (excluded: no use)",
    }
    assert selected(plan(tiny)) == ["tiny"]


def test_only_those_exclusions_that_changed_or_are_named(tiny: Scratch) -> None:
    tiny.commit({"exclusions.yaml": "wide: too wide\nblock:Block: no use\n"}, "Exclude")
    tiny.commit(KERNEL, "Change the block")
    made = plan(tiny, since="HEAD~1", exclusions_only=True)
    assert selected(made) == ["Block"]
    reasons = {e.architecture.name: e.selection.reason for e in made.entries}
    assert reasons["Block"].endswith(f"({BLOCK}) (excluded: no use)")
    assert reasons["wide"].startswith("unchanged since ")
    assert reasons["tiny"] == "only exclusions were asked for"
    assert selected(plan(tiny, names=("wide", "tiny"), exclusions_only=True)) == ["wide"]


def test_without_exclusions_there_are_none_to_choose_from(tiny: Scratch) -> None:
    assert selected(plan(tiny, exclusions_only=True)) == []


def test_a_name_of_the_task_list_that_no_network_has_is_a_problem_of_the_present_state_alone(tiny: Scratch) -> None:
    named = (SMALL, "models/networks/__init__.py")
    tiny.commit({path: FILES[path].replace("wide", "wider") for path in named}, "Rename")
    (problem,) = plan(tiny).problems
    what = "is the name of no network; correct or remove it; did you mean wider?"
    assert str(problem) == f"catalogue.task_list: wide: {what}"
    assert plan(tiny, commit="HEAD").problems == (problem,)
    assert plan(tiny, commit="HEAD~1").problems == ()


def test_what_cannot_be_read_is_a_problem_and_the_rest_goes_on(tiny: Scratch) -> None:
    tiny.commit({"models/networks/__init__.py": FILES["models/networks/__init__.py"].replace('"]', '", "ghost"]')})
    made = plan(tiny)
    assert selected(made) == ["wide", "tiny", "Block"]
    (problem,) = made.problems
    assert problem.name == "ghost"
    assert problem.where.startswith("models/networks/__init__.py:")


def test_a_revision_that_does_not_exist(tiny: Scratch) -> None:
    with pytest.raises(UnknownRevisionError, match="did you mean main"):
        plan(tiny, "mian")


@pytest.mark.parametrize("edits", [{}, KERNEL], ids=["as committed", "edited"])
def test_git_is_asked_once_for_the_files_of_a_state(
    tiny: Scratch, monkeypatch: pytest.MonkeyPatch, edits: dict[str, str]
) -> None:
    tiny.write(edits)
    asked: list[str] = []
    run = git._git
    monkeypatch.setattr(git, "_git", lambda folder, *arguments: asked.append(arguments[0]) or run(folder, *arguments))
    plan(tiny, since="HEAD")
    assert (asked.count("ls-tree"), asked.count("status"), asked.count("hash-object")) == (1, 1, len(edits))


def test_closures_of_a_commit_are_told_by_key(tiny: Scratch) -> None:
    reader = SourceReader(Repository.find(tiny.root), tiny_inventory())
    before = code_hashes(reader.closures_at("HEAD"))
    assert before.keys() == {"network:tiny", "network:wide", "block:Block"}
    tiny.commit({BLOCK: FILES[BLOCK] + "\n# a remark\n"}, "Remark")
    assert code_hashes(reader.closures_at("HEAD")) == before
    tiny.commit(STRIDE, "Stride")
    after = code_hashes(reader.closures_at("HEAD"))
    assert {key for key in after if after[key] != before[key]} == {"network:wide"}


def test_a_state_that_another_process_has_read_is_not_read_again(
    tiny: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit(KERNEL, "Kernel")
    inventory = tiny_inventory()

    def planned() -> Plan:
        reader = SourceReader(Repository.find(tiny.root), inventory, StateCache(tmp_path / "states"))
        return make_plan(reader, inventory, changed_since="HEAD~1")

    first = planned()
    monkeypatch.setattr(planning, "discover", lambda *_, **__: pytest.fail("it was read again"))
    again = planned()
    assert [(e.architecture, e.selection, e.closure.hash, e.priority) for e in again.entries] == [
        (e.architecture, e.selection, e.closure.hash, e.priority) for e in first.entries
    ]
    for file in (tmp_path / "states").iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    monkeypatch.undo()
    assert selected(planned()) == selected(first)
    monkeypatch.setattr(planning, "discover", lambda *_, **__: pytest.fail("it was not kept again"))
    assert selected(planned()) == selected(first)


def test_git_ends_with_who_read_though_nobody_looks_for_circles(tiny: Scratch) -> None:
    """Garbage collection is off while source is read, and what was made then is not looked through later either."""
    repository = Repository.find(tiny.root)
    gc.disable()
    try:
        reader = SourceReader(repository, tiny_inventory())
        made = make_plan(reader, tiny_inventory(), changed_since=None)
        process = repository._blobs._process
        assert process is not None
        assert process.poll() is None
        del repository, reader
        assert process.poll() == 0
    finally:
        gc.enable()
    assert made.selected


@pytest.mark.usefixtures("frozen_again")
def test_states_that_were_read_long_ago_are_forgotten(tiny: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search through hundreds of commits does not grow with each."""
    monkeypatch.setattr(planning, "_READINGS", 2)
    collect_frozen()
    before = tables()
    commits = [tiny.commit({"words.md": str(n)}) for n in range(6)]
    reader = SourceReader(Repository.find(tiny.root), tiny_inventory())
    codes = [code_hashes(reader.closures_at(commit)) for commit in commits]
    assert tables() - before <= 2
    assert code_hashes(reader.closures_at(commits[0])) == codes[0]


def tables() -> int:
    """How many tables of closures there are."""
    return sum(type(thing) is Table for thing in gc.get_objects())
