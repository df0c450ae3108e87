"""What a submission that runs by itself still waits for, once all verdicts are there."""

from __future__ import annotations

import pytest

from farm.database.engine import Database
from farm.errors import WaitTimeoutError
from farm.progress.display import Lines
from farm.progress.watch import Watch
from farm.submission.record import Submitted
from tests.farm.regressions.story import FAILS, PASSES, Story

SUBMITTED = Submitted("s", "b", 0, 1, ("numpy",))


def watch(story: Story, *, attended: bool, timeout_s: float | None = None) -> Watch:
    return Watch(story.database, story.inventory, SUBMITTED, Lines(lambda _: None), timeout_s, attended=attended)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_runs_that_tell_the_cause_of_a_regression_are_waited_for_where_nobody_else_would_do_them(
    database: Database,
) -> None:
    story = Story(database)
    story.commit("a", version="1")
    story.judge(PASSES, stack="old")
    story.commit("b", "a", version="2")
    with pytest.raises(WaitTimeoutError):
        watch(story, attended=False, timeout_s=0).look()  # a verdict is waited for
    story.tell((FAILS, "unit-1"), (FAILS, "unit-1"), stack="new")
    assert not watch(story, attended=False).look()
    assert watch(story, attended=False, timeout_s=0).look()  # not at any price
    assert watch(story, attended=True).look()
    assert story.judge(PASSES, stack="new") == 1  # the old bundle, on the new stack
    assert watch(story, attended=False).look()
