"""``farm bisect`` as it is typed; converters and hosts by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.answers.schemas import BISECT_SCHEMA
from farm.clock import utc_now
from farm.database.engine import Database
from farm.errors import ExitCode, WaitTimeoutError
from farm.submission.record import Submitted
from tests.farm.bisect.bench import Bench
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import TinyFarm
from workers.outcome import Outcome

Command = Callable[..., Said]


@pytest.fixture
def bench(tiny: Scratch, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """With a broker, of which nothing is asked: somebody else does the work."""
    (tiny.root / ".farm").mkdir()
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    made = Bench(TinyFarm(tiny, database), now=utc_now())
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr("mcore.toolchain.toolchain", dict)

    def carry_out(_: object, one: Submitted, __: object) -> None:
        made.carry([one])

    monkeypatch.setattr("farm.cli.submit.carry_out", carry_out)
    return made


def test_one_commit_is_no_commits(bench: Bench, farm: Command) -> None:
    commits = bench.line([100, 200])
    bench.outcomes = {2: Outcome.MISMATCH}
    said = farm("bisect", "wide", "--device", "numpy", "--good", commits[0])
    assert "farm: 1 commit to look into\n" in said.err
    assert said.out.splitlines()[-1].startswith("1 commit, 2 versions of the code, 2 bundles; ")


def test_the_words(bench: Bench, farm: Command) -> None:
    commits = bench.line([100, None, 200, 300])
    bench.outcomes = {2: Outcome.MISMATCH, 3: Outcome.MISMATCH}
    said = farm("bisect", "wide", "--device", "numpy", "--good", commits[0])
    assert said.code == ExitCode.GOOD, said.err
    *head, repro, counts = said.out.splitlines()
    assert head == [
        f"network wide on numpy, {commits[0][:10]} to {commits[3][:10]}",
        f"broken by {commits[2][:10]} 2024-05-01 Commit 2",
        "  FAILED (MISMATCH), cause: device stack",
        "  first divergent layer: layer1.0.conv1 (Conv2d, conv2d), error 0.3, introduced here",
        "  wide.__init__ (models/networks/small.py:29)  changed",
    ]
    assert repro.startswith("  `farm repro ")
    assert counts == "3 commits, 3 versions of the code, 3 bundles; 3 converted and 5 run for this"
    assert "farm: versions of the code between them to convert: 1\n" in said.err
    assert f"farm: bundles left: 1, tests to do: about 1; next is {commits[2][:10]}\n" in said.err
    assert f"{commits[2][:10]} is bad: FAILED (MISMATCH)" in said.err


def test_the_document(bench: Bench, farm: Command) -> None:
    commits = bench.line([100, 200])
    bench.outcomes = {2: Outcome.MISMATCH}
    document = farm("bisect", "wide", "--device", "numpy", "--good", commits[0], "--json").document
    assert list(document) == [
        "schema", "architecture", "kind", "device", "good", "bad", "culprit", "remaining", "known", "notes",
        "commits", "closures", "bundles", "conversions", "runs",
    ]  # fmt: skip
    assert document["schema"] == BISECT_SCHEMA
    assert (document["good"], document["bad"], document["remaining"]) == ([commits[0]], commits[1], [])
    culprit = document["culprit"]
    assert list(culprit) == [
        "commit", "subject", "date", "result", "verdict", "outcome", "cause", "message", "attempt", "parent", "changes",
        "first_divergent_layer",
    ]  # fmt: skip
    assert (culprit["commit"], culprit["parent"], culprit["outcome"]) == (commits[1], commits[0], "MISMATCH")
    assert culprit["changes"][0]["definition"] == "models.networks.small.wide"
    assert culprit["first_divergent_layer"]["op"] == "conv2d"
    assert [(entry["commit"], entry["result"]) for entry in document["known"]] == [
        (commits[0], "good"),
        (commits[1], "bad"),
    ]
    assert document["runs"] == 3


def test_commits_that_cannot_be_told_apart(bench: Bench, farm: Command) -> None:
    commits = bench.line([100, 200, 300])
    bench.outcomes = {2: Outcome.INFRA_ERROR, 3: Outcome.MISMATCH}
    said = farm("bisect", "wide", "--device", "numpy", "--good", commits[0], "--bad", "main")
    assert said.code == ExitCode.BAD_RESULT
    assert said.out.splitlines()[1:4] == [
        "it is one of these commits, which cannot be told apart:",
        f"  {commits[1][:10]} 2024-05-01 Commit 1: skipped, NO_VERDICT: INFRA_ERROR",
        f"  {commits[2][:10]} 2024-05-01 Commit 2: FAILED (MISMATCH)",
    ]


def test_what_is_wrong_with_the_question_is_one_line(bench: Bench, farm: Command) -> None:
    commits = bench.line([100, 200])
    for code, told, arguments in (
        (ExitCode.USAGE, "the bad end", ("wide", "--device", "numpy", "--good", commits[0])),
        (ExitCode.USAGE, "mistaken for each other", ("wide", "--device", "numpy", "--good", "HEAD", "--bad", "HEAD~1")),
        (ExitCode.NOT_FOUND, "did you mean wide?", ("wied", "--device", "numpy", "--good", commits[0])),
        (ExitCode.NOT_FOUND, "did you mean numpy?", ("wide", "--device", "nunpy", "--good", commits[0])),
        (ExitCode.NOT_FOUND, "no such commit", ("wide", "--device", "numpy", "--good", "absent")),
    ):
        said = farm("bisect", *arguments)
        assert (said.code, said.out) == (code, ""), said.err
        assert told in said.err.splitlines()[-1]


def test_a_wait_that_is_over_says_how_to_go_on(bench: Bench, farm: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = bench.line([100, 200])

    def carry_out(*_: object) -> None:
        raise WaitTimeoutError("not done in the time that was allowed: 2 conversions; it goes on where it is picked up")

    monkeypatch.setattr("farm.cli.submit.carry_out", carry_out)
    said = farm("bisect", "wide", "--device", "numpy", "--good", commits[0], "--timeout", "5")
    assert (said.code, said.out) == (ExitCode.TIMED_OUT, "")
    assert said.err.splitlines()[-1] == (
        "farm: not done in the time that was allowed: 2 conversions; the same command goes on from there"
    )
