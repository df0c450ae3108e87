"""Two coordinators as processes on one database: every job once, no window exceeded, though both do all they can at once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Attempt, Event, Job
from farm.inventory import Inventory
from farm.states.jobs import AttemptState, JobState
from tests.farm.coordinator.machine import verdicts_are_what_the_attempts_say
from tests.farm.rows import submit

JOBS = 200


@pytest.mark.timeout(400)
def test_two_coordinators_at_once_do_no_harm(database: Database, inventory: Inventory, tmp_path: Path) -> None:
    submit(database, inventory, [f"net{n}" for n in range(JOBS // 2)])  # on two device types
    folder = tmp_path / "messages"
    folder.mkdir()
    command = [
        sys.executable,
        "-m",
        "tests.farm.coordinator.racer",
        database.engine.url.render_as_string(False),
        str(folder),
    ]
    racing = [subprocess.Popen([*command, seed], stderr=subprocess.PIPE, text=True) for seed in "12"]
    for process in racing:
        said = process.communicate()[1]
        assert process.returncode == 0, said
    with database.read() as session:
        jobs = session.scalars(select(Job)).all()
        attempts = session.scalars(select(Attempt)).all()
        counted = Counter(job.state for job in jobs)
        assert len(jobs) == JOBS
        assert set(counted) <= {JobState.DONE, JobState.QUARANTINED}
        assert counted[JobState.DONE] > 0.9 * len(jobs)
        reported = Counter(session.scalars(select(Event.subject).where(Event.kind == "reported")))
        assert set(reported.values()) == {1}
        assert set(reported) == {a.id for a in attempts if a.state == AttemptState.REPORTED}
        for job in jobs:
            numbers = [a.n for a in job.attempts]
            assert numbers == list(range(1, len(numbers) + 1))
        verdicts_are_what_the_attempts_say(session, attempts)
