"""``farm jobs`` on a table with a few jobs: what it prints, its document, cancelling and releasing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from farm.database.engine import open_database
from farm.inventory import load_inventory
from farm.settings import Settings
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.rows import lose, submit

Run = Callable[..., Said]


@pytest.fixture
def submission(tiny: Scratch) -> str:
    """One network queued on both devices of the inventory."""
    settings = Settings.load(tiny.root)
    database = open_database(settings.database_url)
    made = submit(database, load_inventory(settings.inventory), ["net"])
    database.close()
    return made


@pytest.fixture
def quarantined(tiny: Scratch, submission: str) -> None:
    settings = Settings.load(tiny.root)
    database = open_database(settings.database_url)
    lose(database, load_inventory(settings.inventory))
    database.close()


def test_nothing_waits(tiny: Scratch, farm: Run) -> None:
    assert farm("jobs").out == "no job waits, is under way or in quarantine\n"
    assert farm("jobs", "--state", "done").out == "no job in such a state\n"
    empty = {"total": 0, "counts": {}, "conversions": {}, "jobs": []}
    assert farm("jobs", "--json").document == {"schema": "farm-jobs/1", **empty}


def test_what_is_to_be_converted_is_counted(tiny: Scratch, farm: Run) -> None:
    settings = Settings.load(tiny.root)
    database = open_database(settings.database_url)
    submit(database, load_inventory(settings.inventory), ["net", "other"], state="queued")
    database.close()
    said = farm("jobs")
    assert (said.out, said.err) == ("no job waits, is under way or in quarantine\n", "farm: 2 conversions queued\n")
    assert farm("jobs", "--json").document["conversions"] == {"queued": 2}


def test_what_waits_is_listed_with_why(submission: str, farm: Run) -> None:
    said = farm("jobs")
    head, first, second = said.out.splitlines()
    assert head.split() == ["job", "architecture", "device", "state", "age", "attempts", "commit", "why"]
    assert first.split()[:4] == ["1", "network:net", "numpy", "queued"]
    assert first.rstrip().endswith("waits: no coordinator")
    assert second.split()[:4] == ["2", "network:net", "exact", "queued"]
    assert said.err == "farm: 2 queued\n"


def test_the_document(submission: str, farm: Run) -> None:
    document = farm("jobs", "--device", "numpy", "--json").document
    assert list(document) == ["schema", "total", "counts", "conversions", "jobs"]
    assert (document["total"], document["counts"]) == (1, {"queued": 1})
    (job,) = document["jobs"]
    assert set(job) == {
        "id", "architecture", "kind", "device", "state", "wait_reason", "units", "reason", "priority", "created",
        "since", "age_s", "attempts", "submission", "commit", "bundle", "probe",
    }  # fmt: skip
    assert (job["wait_reason"], job["state"], job["attempts"]) == ("no coordinator", "queued", [])
    assert job["submission"] == submission


def test_a_limit_is_said(submission: str, farm: Run) -> None:
    said = farm("jobs", "--limit", "1")
    assert len(said.out.splitlines()) == 2
    assert said.err == "farm: 2 queued, the first 1 jobs are shown\n"
    assert len(farm("jobs", "--limit", "0").out.splitlines()) == 3


def test_a_job_is_cancelled_and_said_so(submission: str, farm: Run) -> None:
    named_twice = farm("jobs", "cancel", "1", "1", "--reason", "wrong branch")
    assert (named_twice.err, named_twice.out) == ("", "cancelled: job 1\n")
    (job,) = farm("jobs", "--state", "cancelled", "--json").document["jobs"]
    assert job["reason"].startswith("cancelled by ")
    assert job["reason"].endswith(": wrong branch")
    again = farm("jobs", "cancel", "1")
    assert (again.code, again.err) == (2, "farm: job 1 is cancelled already: there is nothing to cancel\n")


def test_a_submission_is_cancelled_by_its_first_digits(submission: str, farm: Run) -> None:
    said = farm("jobs", "cancel", "--submission", submission[:5])
    assert said.out == f"submission {submission}: 2 jobs and 0 conversions cancelled\n"
    assert farm("jobs", "--json").document["jobs"] == []
    assert len(farm("jobs", "--state", "all", "--json").document["jobs"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("cancel",), 2, "name jobs by number, or one --submission"),
        (("cancel", "1", "--submission", "abcd"), 2, "name jobs by number, or one --submission"),
        (("cancel", "99"), 4, "no job named '99'"),
        (("cancel", "--submission", "ffff"), 4, "no submission named 'ffff'"),
        (("cancel", "one"), 2, "'one' is not a valid integer"),
        (("cancel", "99999999999999999999"), 2, "99999999999999999999 is not in the range 1<=x<=2147483647"),
        (("release",), 2, "Missing argument 'JOB...'"),
        (("release", "1"), 2, "job 1 is queued, not in quarantine"),
        (("--device", "nobody"), 4, "no device type named 'nobody'"),
        (("--state", "lost"), 2, "'lost' is not one of"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    submission: str, farm: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = farm("jobs", *arguments)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert farm("jobs", "--json").document["counts"] == {"queued": 2}


def test_quarantine_is_seen_and_left(quarantined: None, farm: Run) -> None:
    said = farm("jobs")
    assert said.out.count("quarantined") == 2
    assert "3 attempts were lost: attempt 1 on unit-1, attempt 2 on unit-1, attempt 3 on unit-1" in said.out
    assert farm("jobs", "release", "1", "1", "--reason", "more memory").out == "job 1 is queued again as job 3\n"
    counts = farm("jobs", "--json").document["counts"]
    assert counts == {"queued": 1, "quarantined": 1}
