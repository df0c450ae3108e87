"""Bisections on real histories, from the first question to the answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from farm.bisect.answer import Answer, answer_of
from farm.bisect.search import Found, Result, Undecided
from farm.database.engine import Database
from farm.database.models import Job, Repeat
from farm.errors import InfrastructureError, UsageError, WaitTimeoutError
from farm.states.verdict import Provenance
from farm.submission.record import Submitted
from farm.verdicts.inheritance import Reprove
from tests.farm.bisect.bench import Bench
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import tiny_farm
from workers.outcome import Outcome

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
GOOD, BAD = Outcome.PASS, Outcome.MISMATCH


@pytest.fixture
def bench(scratch: Scratch, database: Database) -> Bench:
    return Bench(tiny_farm(scratch, database))


def versions(*bundles: tuple[int, int], every: int = 3) -> list[int | None]:
    """Widths of commits, so many of each bundle; each third has another code, the others just other words."""
    return [number * 100 + n // every if n % every == 0 else None for number, many in bundles for n in range(many)]


def answered(bench: Bench, good: str, bad: str, **more: str) -> Answer:
    bisection = bench.bisection(good, bad, **more)
    return answer_of(bisection, bisection.run())


@pytest.mark.parametrize(
    ("database", "middle"),
    [("sqlite", GOOD), pytest.param("postgresql", BAD, marks=pytest.mark.server)],
    indirect=["database"],
)
def test_sixty_four_commits_of_three_bundles_cost_at_most_two_runs(bench: Bench, middle: Outcome) -> None:
    commits = bench.line(versions((1, 20), (2, 30), (3, 14)))
    assert len(commits) == 64
    bench.outcomes = {2: middle, 3: BAD}
    bench.known(commits[0], commits[-1])
    before, jobs = bench.runs(), bench.count(Job)
    ended = bench.bisect(commits[0], commits[-1])
    assert ended.step == Found(commits[50] if middle is GOOD else commits[20])
    assert bench.runs() - before == ended.runs <= 2
    assert bench.count(Job) - jobs == 1
    assert len(set(ended.known.classes.values())) == 3
    assert ended.conversions == len(range(0, 20, 3)) + len(range(0, 30, 3)) + len(range(0, 14, 3)) - 2
    again = bench.bisect(commits[0], commits[-1])
    assert (again.step, again.runs, again.conversions) == (ended.step, 0, 0)


@ONE_DATABASE
def test_the_ends_are_run_first_and_only_on_the_device_that_is_asked_about(bench: Bench) -> None:
    commits = bench.line([100, 200, 300, 400, 500])
    bench.outcomes = {4: BAD, 5: BAD}
    answer = answered(bench, commits[0], commits[-1])
    assert answer.culprit is not None
    assert answer.culprit.commit.sha == commits[3]
    assert bench.carried[0] == [commits[0], commits[-1]]
    assert bench.devices_run() == {"numpy"}
    assert bench.count(Repeat) == 0
    assert (answer.count.commits, answer.count.closures, answer.count.bundles) == (4, 5, 5)
    assert answer.count.conversions == 5
    assert answer.count.runs == bench.runs()


@ONE_DATABASE
def test_the_answer_names_commit_definition_and_layer(bench: Bench) -> None:
    commits = bench.line([100, None, 200, None])
    bench.outcomes = {2: BAD}
    answer = answered(bench, commits[0], commits[-1])
    culprit = answer.culprit
    assert culprit is not None
    assert (culprit.commit.sha, culprit.commit.subject, culprit.parent) == (commits[2], "Commit 2", commits[1])
    assert culprit.changes[0].definition == "models.networks.small.wide"
    assert culprit.changes[0].parts == ("__init__",)
    assert culprit.layer is not None
    assert (culprit.layer.module, culprit.layer.introduced_here) == ("layer1.0.conv1", True)
    assert (culprit.fact.verdict, culprit.fact.outcome, culprit.fact.cause) == ("FAILED", "MISMATCH", "device stack")
    assert answer.notes == ()


@ONE_DATABASE
def test_the_table_knows_the_commit_that_was_found(bench: Bench) -> None:
    """Its bundle was run at another commit: the verdict is inherited."""
    commits = bench.line([100, 200, 201, 300])
    bench.outcomes = {2: BAD, 3: BAD}
    bench.known(commits[0], commits[-1])
    answer = answered(bench, commits[0], commits[-1])
    assert answer.culprit is not None
    assert answer.culprit.commit.sha == commits[1]
    bench.farm.scratch.git("checkout", "--quiet", commits[1])
    cell = bench.farm.cells()["wide", "numpy"]
    assert cell.attempt == answer.culprit.fact.attempt
    assert cell.provenance in (Provenance.OBSERVED, Provenance.INHERITED)


@ONE_DATABASE
def test_what_was_said_of_a_commit_before_stays(bench: Bench) -> None:
    commits = bench.line([100, 200])
    bench.outcomes = {2: BAD}
    bench.known(*commits)
    before = {name: (s.reason, s.selected) for name, s in bench.farm.snapshots(commits[1]).items()}
    bench.bisect(*commits)
    after = {name: (s.reason, s.selected) for name, s in bench.farm.snapshots(commits[1]).items()}
    assert after == before


@ONE_DATABASE
def test_every_architecture_of_a_commit_has_a_row_with_its_last_change(bench: Bench) -> None:
    commits = bench.line([100, None, 200])
    start = bench.farm.scratch.git("rev-parse", f"{commits[0]}~1")
    bench.outcomes = {2: BAD}
    bench.bisect(commits[0], commits[-1])
    rows = bench.farm.snapshots(commits[2])
    assert {name: s.last_change for name, s in rows.items()} == {"wide": commits[2], "tiny": start, "Block": start}
    assert {name: s.reason for name, s in rows.items()} == {
        "wide": "asked for by farm bisect",
        "tiny": "other names were asked for",
        "Block": "other names were asked for",
    }


@ONE_DATABASE
def test_ends_that_are_not_what_they_are_said_to_be(bench: Bench) -> None:
    commits = bench.line([100, 200, 300])
    bench.outcomes = {1: BAD, 3: BAD}
    with pytest.raises(UsageError, match=rf"^the good end {commits[0][:10]} is bad already on numpy: FAILED \(MISM"):
        bench.bisect(commits[0], commits[2])
    with pytest.raises(UsageError, match=rf"^the bad end {commits[1][:10]} is good on numpy: SUPPORTED$"):
        bench.bisect(f"{commits[0]}~1", commits[1])
    bench.outcomes = {4: Outcome.INFRA_ERROR}
    fourth = bench.commit(400)
    with pytest.raises(InfrastructureError, match=rf"^{fourth[:10]} has no verdict on numpy: .*INFRA_ERROR"):
        bench.bisect(commits[1], fourth)


@ONE_DATABASE
def test_ends_between_which_there_is_nothing_to_find(bench: Bench) -> None:
    commits = bench.line([100, None, 200])
    with pytest.raises(UsageError, match="are the same commit"):
        bench.bisect(commits[0], commits[0])
    with pytest.raises(UsageError, match=r"is an ancestor of --good .* mistaken for each other"):
        bench.bisect(commits[2], commits[0])
    with pytest.raises(UsageError, match=r"^nothing that network:wide reaches differs between the two commits"):
        bench.bisect(commits[0], commits[1])
    assert bench.carried == []


@ONE_DATABASE
@pytest.mark.parametrize("broken_off", [2, 4])
def test_a_second_call_goes_on_where_the_first_was_broken_off(bench: Bench, broken_off: int) -> None:
    commits = bench.line([100, 200, 300, 400, 500, 600])
    bench.outcomes = {5: BAD, 6: BAD}
    first = bench.bisection(commits[0], commits[-1])
    calls = 0

    def carry(submitted: Sequence[Submitted]) -> None:
        nonlocal calls
        calls += 1
        if calls == broken_off:
            raise WaitTimeoutError("too slow")
        bench.carry(submitted)

    first.carry = carry
    with pytest.raises(WaitTimeoutError):
        first.run()
    ended = bench.bisect(commits[0], commits[-1])
    assert ended.step == Found(commits[4])
    assert bench.count(Job) == 5, "the ends, and three of the four between them: each was run once"


@ONE_DATABASE
def test_what_says_nothing_of_the_network_is_skipped_and_tried_again_by_the_next_call(bench: Bench) -> None:
    commits = bench.line([100, 200, 300, 301, 400])
    bench.outcomes = {3: Outcome.INFRA_ERROR, 4: BAD}
    ended = bench.bisect(commits[0], commits[-1])
    assert ended.step == Undecided((commits[2], commits[3], commits[4]))
    fact = ended.known.fact(commits[2])
    assert fact is not None
    assert (fact.result, fact.verdict) == (Result.SKIP, "NO_VERDICT")
    assert fact.message.startswith("INFRA_ERROR")
    bench.outcomes = {4: BAD}
    assert bench.bisect(commits[0], commits[-1]).step == Found(commits[4])


@ONE_DATABASE
def test_a_conversion_that_fails_is_a_bad_result_where_the_good_end_converts(bench: Bench) -> None:
    commits = bench.line([100, 200, 300, 301])
    bench.failures = {3: Outcome.CONVERT_FAILED}
    before = bench.runs()
    answer = answered(bench, commits[0], commits[-1])
    culprit = answer.culprit
    assert culprit is not None
    assert (culprit.commit.sha, culprit.fact.verdict, culprit.fact.outcome, culprit.fact.message) == (
        commits[2], "FAILED", "CONVERT_FAILED", "no 3"
    )  # fmt: skip
    assert bench.runs() - before == 2, "the good end and the one between; what does not convert runs nowhere"
    bench.failures = {1: Outcome.CONVERT_FAILED}
    fresh = bench.line([150, 400])
    with pytest.raises(UsageError, match=r"is bad already on exact: FAILED \(CONVERT_FAILED\): no 1"):
        bench.bisect(*fresh, device="exact")


@ONE_DATABASE
def test_a_conversion_that_failed_for_another_reason_is_skipped(bench: Bench) -> None:
    commits = bench.line([100, 200, 300])
    bench.failures, bench.outcomes = {2: Outcome.PRECLUDED}, {3: BAD}
    ended = bench.bisect(commits[0], commits[-1])
    assert ended.step == Undecided((commits[1], commits[2]))
    bench.failures = {}
    assert bench.bisect(commits[0], commits[-1]).step == Found(commits[2])


@ONE_DATABASE
def test_an_end_that_fails_otherwise_is_said(bench: Bench) -> None:
    commits = bench.line([100, 200, 300])
    bench.failures, bench.outcomes = {2: Outcome.CONVERT_FAILED}, {3: BAD}
    answer = answered(bench, commits[0], commits[-1])
    assert answer.culprit is not None
    assert answer.culprit.commit.sha == commits[1]
    assert [note.partition(":")[0] for note in answer.notes] == ["the bad end fails otherwise (MISMATCH)"]


@ONE_DATABASE
def test_where_the_architecture_is_not_there_nothing_is_learnt(bench: Bench) -> None:
    commits = bench.line([100])
    listed = "models/networks/__init__.py"
    text = (bench.farm.scratch.root / listed).read_text()
    gone = bench.farm.scratch.commit({listed: 'from models.networks.small import tiny\n\n__all__ = ["tiny"]\n'}, "Gone")
    back = bench.farm.scratch.commit({listed: text}, "Back")
    last = bench.commit(300)
    bench.outcomes = {3: BAD}
    ended = bench.bisect(commits[0], last)
    assert ended.step == Found(last)
    assert ended.known.classes[gone] == "absent"
    assert ended.known.classes[back] == ended.known.classes[commits[0]]


@ONE_DATABASE
def test_an_excluded_architecture_is_searched_too(bench: Bench) -> None:
    bench.farm.scratch.write({"exclusions.yaml": "wide: too wide\n"})
    commits = bench.line([100, 200, 300])
    bench.outcomes = {2: BAD, 3: BAD}
    assert bench.bisect(commits[0], commits[-1]).step == Found(commits[1])


@ONE_DATABASE
def test_of_two_branches_the_commit_on_the_broken_one_is_found(bench: Bench) -> None:
    git = bench.farm.scratch.git
    start = bench.commit(100)
    git("checkout", "--quiet", "-b", "side")
    sides = [bench.commit(width) for width in (200, 300)]
    git("checkout", "--quiet", "main")
    bench.farm.scratch.commit({"other.txt": "x"}, "Other")
    git("merge", "--quiet", "--no-edit", "-X", "theirs", "side")
    merge = git("rev-parse", "HEAD")
    bench.outcomes = {3: BAD}
    answer = answered(bench, start, merge)
    assert answer.culprit is not None
    assert (answer.culprit.commit.sha, answer.culprit.parent) == (sides[1], sides[0])


@ONE_DATABASE
def test_where_the_bad_end_did_not_grow_from_the_good_one_their_base_is_tested_too(bench: Bench) -> None:
    git = bench.farm.scratch.git
    base = bench.commit(100)
    git("checkout", "--quiet", "-b", "release")
    fixed = bench.commit(200)
    git("checkout", "--quiet", "main")
    last = bench.commit(300)
    bench.outcomes = {3: BAD}
    assert bench.range(fixed, last).good == (fixed, base)
    assert bench.bisect(fixed, last).step == Found(last)
    bench.outcomes = {1: BAD, 3: BAD}
    again = [bench.commit(width) for width in (101, 310)]
    git("checkout", "--quiet", "-b", "other", again[0])
    mended = bench.commit(210)
    with pytest.raises(UsageError, match=rf"^{again[0][:10]}, which .* both grew from, is bad already"):
        bench.bisect(mended, again[1], device="exact")


@ONE_DATABASE
def test_a_flaky_end_is_said_to_be_one(bench: Bench) -> None:
    commits = bench.line([100, 200])
    bench.outcomes = {2: BAD}
    bench.known(*commits)
    bench.outcomes = {}
    bench.farm.submit(toolchain={}, reprove=Reprove.FAILURES)
    bench.carry([])
    answer = answered(bench, *commits)
    assert answer.culprit is not None
    assert answer.culprit.fact.verdict == "FLAKY"
    assert answer.notes[0].startswith("the bad end is FLAKY")
