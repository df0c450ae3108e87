"""A miss is fixed where the selection sees the change now, or the code depends on it no more; not where nothing happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from farm.audit.recheck import Recheck
from tests.acceptance.hidden import FOUR, HIDDEN, NETWORK, PART
from tests.farm.audit.fakes import HIDDEN_FILES, FakeWorkshop, reader_of, state_at, truly
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK

KEY = "network:hidden"
PICKLED = 'WIDTH = pickle.loads(b"cmodels.parts.four\\nchannels\\n.")'
WIDER = {PART: FOUR.replace("COUNT = 4", "COUNT = 5")}


@pytest.fixture
def fixed(scratch: Scratch) -> Callable[..., str]:
    """Why the miss between the first two commits is fixed at HEAD."""
    first = scratch.commit(HIDDEN_FILES)
    second = scratch.commit(WIDER)

    def ask(workshop: FakeWorkshop | None = None, *, key: str = KEY, files: tuple[str, ...] = (PART,)) -> str:
        reader = reader_of(scratch)
        recheck = Recheck(workshop or FakeWorkshop(), reader, state_at(reader, "HEAD"))  # type: ignore[arg-type]
        return recheck.fixed(key, first, second, files)

    return ask


def test_at_the_commit_itself_it_still_occurs(fixed: Callable[..., str]) -> None:
    assert fixed() == ""


def test_a_later_commit_that_changes_something_else_does_not_close_it(
    scratch: Scratch, fixed: Callable[..., str]
) -> None:
    scratch.commit({BLOCK: HIDDEN_FILES[BLOCK] + "# more\n"})
    assert fixed() == ""


def test_nor_does_a_revert_for_the_edge_is_still_hidden(scratch: Scratch, fixed: Callable[..., str]) -> None:
    scratch.commit({PART: FOUR})
    assert fixed() == ""


def test_nor_does_another_change_of_the_same_file(scratch: Scratch, fixed: Callable[..., str]) -> None:
    scratch.commit({PART: FOUR.replace("COUNT = 4", "COUNT = 9")})
    assert fixed() == ""


def test_code_that_says_what_it_reaches_closes_it(scratch: Scratch, fixed: Callable[..., str]) -> None:
    plain = NETWORK.replace(PICKLED, "from models.parts.four import channels as WIDTH")
    assert plain != NETWORK
    scratch.commit({HIDDEN: plain})
    assert fixed() == "the selection sees now that network:hidden reaches models/parts/four.py"


def test_code_that_reaches_it_no_more_closes_it(scratch: Scratch, fixed: Callable[..., str]) -> None:
    scratch.commit({HIDDEN: NETWORK.replace(PICKLED, "def WIDTH():\n    return 4")})
    independent = FakeWorkshop(lambda tree, key, _: "a" * 64)
    assert fixed(independent) == "network:hidden does not depend on models/parts/four.py any more"


def test_a_selection_that_sees_the_change_closes_it(scratch: Scratch) -> None:
    """As if it had learnt to: the change is one that it sees."""
    first = scratch.commit(HIDDEN_FILES)
    second = scratch.commit({HIDDEN: NETWORK.replace("listed(), 3)", "listed(), 5)")})
    reader = reader_of(scratch)
    recheck = Recheck(FakeWorkshop(), reader, state_at(reader, "HEAD"))  # type: ignore[arg-type]
    assert recheck.fixed(KEY, first, second, (HIDDEN,)) == "the selection sees the change now"


def test_an_architecture_that_is_gone_closes_it(fixed: Callable[..., str]) -> None:
    assert fixed(key="network:other") == "network:other is gone"


def test_what_cannot_be_converted_closes_nothing(fixed: Callable[..., str]) -> None:
    assert fixed(FakeWorkshop(lambda tree, key, _: "MODEL_FAILED")) == ""
    assert fixed(FakeWorkshop(lambda tree, key, _: "")) == ""


def test_without_files_or_commits_only_a_person_can_say(scratch: Scratch, fixed: Callable[..., str]) -> None:
    assert fixed(files=()) == ""
    reader = reader_of(scratch)
    recheck = Recheck(FakeWorkshop(truly), reader, state_at(reader, "HEAD"))  # type: ignore[arg-type]
    assert recheck.fixed(KEY, "0" * 40, "1" * 40, (PART,)) == ""


def test_a_commit_that_cannot_be_read_is_for_a_person_and_ends_no_audit(scratch: Scratch) -> None:
    first = scratch.commit({**HIDDEN_FILES, "exclusions.yaml": "- no mapping\n"})
    second = scratch.commit({**WIDER, "exclusions.yaml": ""})
    reader = reader_of(scratch)
    recheck = Recheck(FakeWorkshop(), reader, state_at(reader, "HEAD"))  # type: ignore[arg-type]
    assert recheck.fixed(KEY, first, second, (PART,)) == ""
