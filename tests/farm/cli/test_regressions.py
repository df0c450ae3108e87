"""``farm regressions`` on a repository whose second commit broke a network and a block on both devices."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farm.database.engine import open_database
from farm.database.models import Stack
from farm.errors import ExitCode
from farm.inventory import load_inventory
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.regressions.story import FAILS, PASSES, Story

Command = Callable[..., Said]
BLOCK = "models/basicblocks/block.py"


@pytest.fixture
def story(tiny: Scratch, migrated_sqlite: Path) -> Iterator[Story]:
    (tiny.root / ".farm").mkdir()
    (tiny.root / ".git" / "info" / "exclude").write_text(".farm/\n")
    path = shutil.copy(migrated_sqlite, tiny.root / ".farm" / "farm.sqlite")
    database = open_database(f"sqlite:///{path}")
    made = Story(database, load_inventory(tiny.root / "inventory.yaml"))
    before = tiny.git("rev-parse", "HEAD")
    made.commit(before, version="1", of="tiny")
    made.judge(PASSES)
    text = (tiny.root / BLOCK).read_text().replace("channels, 3, padding=1", "channels, 5, padding=2")
    after = tiny.commit({BLOCK: text}, "Widen the kernel")
    made.commit(after, before, version="2", of="tiny")
    made.judge(FAILS)
    yield made
    database.close()


def test_the_list_for_people(story: Story, farm: Command) -> None:
    said = farm("regressions")
    head, first, second, summary = said.out.splitlines()
    before, after = story.rows()[0].last_good, story.rows()[0].first_bad
    assert head.split()[:4] == ["id", "kind", "architecture", "device"]
    assert first.split()[:4] == ["2", "network", "tiny", "exact"]
    assert second.split()[:4] == ["1", "network", "tiny", "numpy"]
    for word in (f"{before[:10]}..{after[:10]} (1 commit)", "main", "MISMATCH", "model code", "×2"):
        assert word in first
    assert first.endswith("Block.__init__ (models/basicblocks/block.py:16)") or "Block.__init__" in first
    assert summary == "2 regressions, 1 signature: ×N says how many open ones share one"


def test_the_document(story: Story, farm: Command) -> None:
    document = farm("regressions", "--device", "numpy", "--kind", "network", "--branch", "main", "--json").document
    (row,) = story.rows()[:1]
    assert (document["schema"], document["open"], document["excused"]) == ("farm-regressions/1", 1, 0)
    (one,) = document["regressions"]
    assert (one["regression"], one["architecture"], one["kind"], one["device"]) == (1, "tiny", "network", "numpy")
    assert (one["state"], one["open_on"], one["fixed"], one["commits"]) == ("open", ["main"], None, 1)
    assert one["last_good"] == {
        "commit": row.last_good,
        "bundle": row.good_bundle,
        "stack": row.good_stack,
        "attempt": row.good_attempt,
    }
    assert (one["definition"], one["sharing"]) == ("models.basicblocks.block.Block", 2)
    assert document["signatures"] == [{"signature": row.signature, "text": row.signature_text, "regressions": [1]}]


def test_all_of_one(story: Story, farm: Command) -> None:
    said = farm("regressions", "show", "1").out
    for words in (
        "regression 1: tiny (network) on numpy",
        "open on main; opened 2026-01-01; policy fp32/1",
        "MISMATCH, turned by model code: the code of the architecture changed; the device is as it was",
        "first bad definition: Block.__init__ (models/basicblocks/block.py:",
        "✓ passes",
        "✗ fails",
    ):
        assert words in said
    document = farm("regressions", "show", "1", "--json").document
    assert (document["schema"], document["axis"]) == ("farm-regression/1", "none")
    assert [place["result"] for place in document["evidence"]] == ["passes", "fails"]
    assert [commit["commit"] for commit in document["range"]] == [story.rows()[0].first_bad]


def test_a_stack_that_changed_is_shown_beside_it(story: Story, farm: Command) -> None:
    tip = story.rows()[0].first_bad
    story.commit("c", tip, version="3", of="tiny")
    story.judge(PASSES)
    story.commit("d", "c", version="4", of="tiny")
    for _ in story.inventory.devices:
        story.tell((FAILS, "unit-1"), stack="test 2")
    for _ in story.inventory.devices:
        story.tell((FAILS, "unit-1"), stack="test 2")
    said = farm("regressions", "show", "3").out
    assert "the stack changed: runtime test 1 → test 2" in said
    assert "turned by unknown: bundle and stack both changed, and neither was tried without the other" in said
    assert "asked for what is unknown on 2026-01-01: `farm jobs` says where that stands" in said
    with story.database.read() as session:
        assert session.query(Stack).count() == 2


def test_known_issues_are_added_shown_and_removed(story: Story, farm: Command) -> None:
    key = story.rows()[0].signature
    until = ("--until", "2999-12-31")
    added = farm("regressions", "known", "add", "--from", "1", "--owner", "ada", *until, "--note", "waits")
    assert added.out.startswith(f"known issue {key}, ada answers for it until 2999-12-31: MISMATCH")
    assert farm("regressions", "--json").document["excused"] == 2
    assert "ada, until 2999-12-31" in farm("regressions").out
    assert "known issue: ada, until 2999-12-31: waits" in farm("regressions", "show", "1").out
    changed = farm("regressions", "known", "add", key[:5], "--owner", "bob", *until)
    assert changed.out.startswith("known issue changed: ")
    (issue,) = farm("regressions", "known", "list", "--json").document["issues"]
    assert (issue["signature"], issue["owner"], issue["open"], issue["standing"]) == (key, "bob", 2, "open")
    tip = story.rows()[0].first_bad
    story.commit("c", tip, version="3", of="tiny")
    story.judge(PASSES)
    assert "✓ passes again: remove it" in farm("regressions", "known", "list").out
    assert farm("regressions", "known", "remove", key[:5]).out == f"removed: {key}\n"
    assert farm("regressions", "known", "list").out == "no known issues\n"


def test_what_is_over_is_shown_with_all(story: Story, farm: Command) -> None:
    tip = story.rows()[0].first_bad
    story.commit("c", tip, version="1", of="tiny")
    assert farm("regressions").out == "no open regressions\n"
    assert {one["state"] for one in farm("regressions", "--all", "--json").document["regressions"]} == {"fixed"}
    assert "fixed by c, 2026-01-01; opened" in farm("regressions", "show", "1").out


def test_a_database_from_before_is_brought_up_to_date(story: Story, farm: Command) -> None:
    from sqlalchemy import delete

    from farm.database.models import Lineage, Regression

    assert farm("regressions", "--recompute").out == "regressions are as the tables say\n"
    with story.database.write() as session:
        session.execute(delete(Regression))
        session.execute(delete(Lineage))
    assert farm("regressions", "--recompute").out == "regressions brought up to date with the tables: 2 opened\n"
    assert farm("regressions", "--json").document["open"] == 2


OWNED = ("--owner", "a", "--until", "2999-01-01")


@pytest.mark.usefixtures("story")
def test_what_makes_no_sense_is_refused(farm: Command) -> None:
    for arguments, code, says in (
        (("--device", "nump"), ExitCode.NOT_FOUND, "did you mean numpy?"),
        (("--kind", "netwrok"), ExitCode.USAGE, "did you mean network"),
        (("--branch", "mian"), ExitCode.NOT_FOUND, "did you mean main?"),
        (("show", "99"), ExitCode.NOT_FOUND, "no regression named '99'"),
        (("known", "add", *OWNED), ExitCode.USAGE, "name a SIGNATURE, or a regression"),
        (("known", "add", "--from", "99", *OWNED), ExitCode.NOT_FOUND, "no regression named '99'"),
        (("known", "add", "zz", *OWNED), ExitCode.NOT_FOUND, "no signature named 'zz'"),
        (("known", "add", "--from", "1", "--owner", "a", "--until", "2020-01-01"), ExitCode.USAGE, "is over"),
        (("known", "add", "--from", "1", "--owner", "a", "--until", "soon"), ExitCode.USAGE, "does not match"),
        (("known", "remove", "zz"), ExitCode.NOT_FOUND, "no known issue named 'zz'"),
    ):
        said = farm("regressions", *arguments)
        assert (said.code, said.out) == (code, ""), arguments
        assert says in said.err


def test_without_any(tiny: Scratch, farm: Command) -> None:
    assert farm("regressions").out == "no open regressions\n"
    assert farm("regressions", "--all").out == "no regressions\n"
    assert farm("regressions", "known", "list", "--json").document == {"schema": "farm-known-issues/1", "issues": []}
