"""Known issues: who answers for a signature, until when, and what they excuse."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from farm.database.engine import Database
from farm.errors import NotFoundError, UsageError
from farm.regressions.known import (
    Standing,
    add_known,
    cell_signature,
    excused,
    excusing,
    list_known,
    remove_known,
    standing_of,
)
from farm.states.cell import Cell, Layer
from farm.states.verdict import Provenance, Verdict
from tests.farm.regressions.story import FAILS, PASSES, Story
from workers.outcome import Outcome

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DAY = timedelta(days=1)
LAST = date(2026, 1, 10)


@pytest.fixture
def story(database: Database) -> Story:
    """b fails, and ada answers for it up to the tenth."""
    made = Story(database)
    made.past(("a", "1", PASSES), ("b", "2", FAILS))
    with database.write() as session:
        add_known(session, made.rows()[0].signature[:6], " ada ", LAST, "waits", "root", made.now)
    return made


@pytest.mark.parametrize(
    ("today", "left", "seen", "standing"),
    [
        (LAST, 2, 3, Standing.OPEN),
        (LAST, 0, 3, Standing.PASSES),
        (LAST, 0, 0, Standing.UNSEEN),
        (LAST + DAY, 2, 3, Standing.EXPIRED),
        (LAST + DAY, 0, 3, Standing.EXPIRED),
    ],
)
def test_how_it_is_with_an_issue(today: date, left: int, seen: int, standing: Standing) -> None:
    assert standing_of(LAST, today, left, seen) is standing


def test_it_excuses_until_the_end_of_its_day(story: Story) -> None:
    (key,) = {row.signature for row in story.rows()}
    with story.database.read() as session:
        (issue,) = list_known(session, story.now)
        assert (issue.signature, issue.owner, issue.until, issue.note) == (key, "ada", LAST, "waits")
        assert (issue.standing, issue.open, issue.seen, issue.created_by) == (Standing.OPEN, 1, 1, "root")
        assert excusing(session, story.now) == {key: "ada, until 2026-01-10"}
        assert excusing(session, story.now + 9 * DAY) == {key: "ada, until 2026-01-10"}
        assert excusing(session, story.now + 10 * DAY) == {}
        assert list_known(session, story.now + 10 * DAY)[0].standing is Standing.EXPIRED


@ONE_DATABASE
def test_it_is_flagged_when_its_cells_pass_again(story: Story) -> None:
    story.commit("c", "b", version="3")
    story.judge(PASSES)
    with story.database.read() as session:
        assert [i.standing for i in list_known(session, story.now)] == [Standing.PASSES]


@ONE_DATABASE
def test_it_is_changed_and_removed_by_its_first_digits(story: Story) -> None:
    (row,) = story.rows()
    with story.database.write() as session:
        issue, new = add_known(session, row.signature, "bob", LAST + DAY, "", "root", story.now)
        assert (issue.owner, new) == ("bob", False)
        assert len(list_known(session, story.now)) == 1
        assert remove_known(session, row.signature[:4], "root", story.now) == row.signature
        assert list_known(session, story.now) == []
        with pytest.raises(NotFoundError, match="no known issue named"):
            remove_known(session, row.signature, "root", story.now)


@ONE_DATABASE
def test_what_cannot_be_a_known_issue(story: Story) -> None:
    with story.database.write() as session:
        with pytest.raises(NotFoundError, match="no signature named 'xyz'"):
            add_known(session, "xyz", "ada", LAST, "", "root", story.now)
        with pytest.raises(UsageError, match="--until 2025-12-31 is over"):
            add_known(session, story.rows()[0].signature, "ada", date(2025, 12, 31), "", "root", story.now)
        with pytest.raises(UsageError, match="--owner is empty"):
            add_known(session, story.rows()[0].signature, " ", LAST, "", "root", story.now)


@ONE_DATABASE
def test_a_cell_has_the_signature_of_the_regression_that_it_shows(story: Story) -> None:
    (row,) = story.rows()
    layer = Layer("v9", "conv2d", "layer2.0", 0.2, True, signature="conv2d(float32[4, 9, 16, 16])")
    cell = Cell("other", Verdict.FAILED, Provenance.OBSERVED, Outcome.MISMATCH, "unknown", first_divergent_layer=layer)
    assert cell_signature(cell) == row.signature
    with story.database.read() as session:
        excuses = excusing(session, story.now)
    assert excused(cell, excuses) == "ada, until 2026-01-10"
    assert excused(Cell("other", Verdict.FAILED, Provenance.OBSERVED, Outcome.CRASH, "unknown"), excuses) is None
    assert excused(Cell("other", Verdict.MISSING, Provenance.NEVER), excuses) is None
