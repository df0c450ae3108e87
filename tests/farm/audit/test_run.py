"""Audits on a database: what is recorded and known again, incidents from opening to closing, and the breaker meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from farm.audit import run as run_module
from farm.audit.doubts import read_doubts
from farm.audit.records import all_incidents, audits, figures_of, known_endings, open_incidents
from farm.audit.run import AuditReport, close_by_hand, run_audit
from farm.database.engine import Database
from farm.database.models import Audit, Event, Incident
from farm.errors import NotFoundError, UsageError
from farm.git import Repository
from tests.acceptance.hidden import FOUR, HIDDEN, NETWORK, PART
from tests.farm.audit.fakes import HIDDEN_FILES, FakeWorkshop, reader_of, truly
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, TOOLCHAIN, TinyFarm

KEY = "network:hidden"
WIDER = {PART: FOUR.replace("COUNT = 4", "COUNT = 5")}
KERNEL = {BLOCK: HIDDEN_FILES[BLOCK].replace("channels, 3, padding=1", "channels, 5, padding=2")}
PLAIN = {
    HIDDEN: NETWORK.replace(
        'WIDTH = pickle.loads(b"cmodels.parts.four\\nchannels\\n.")', "from models.parts.four import channels as WIDTH"
    )
}
Run = Callable[..., AuditReport]


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    scratch.commit(HIDDEN_FILES, "Start")
    return TinyFarm(scratch, database)


@pytest.fixture
def workshop() -> FakeWorkshop:
    return FakeWorkshop()


@pytest.fixture
def audit(farm: TinyFarm, workshop: FakeWorkshop, monkeypatch: pytest.MonkeyPatch) -> Run:
    @contextmanager
    def made(*_: object) -> Iterator[FakeWorkshop]:
        yield workshop

    monkeypatch.setattr(run_module, "Workshop", made)

    def run(**options: object) -> AuditReport:
        workshop.asked.clear()
        reader = reader_of(farm.scratch)
        return run_audit(farm.database, farm.inventory, reader, TOOLCHAIN, lambda _: None, **options)  # type: ignore[arg-type]

    return run


def reasons(farm: TinyFarm, since: str = "HEAD~1") -> dict[str, str]:
    return {e.architecture.key: e.selection.reason for e in farm.plan(since).entries}


def test_a_clean_audit_is_recorded(farm: TinyFarm, audit: Run) -> None:
    commit = farm.scratch.commit(KERNEL)
    report = audit()
    assert report.good
    assert (report.commit, report.architectures, report.misses) == (commit, 4, ())
    assert report.reasons["block:Block"] == "changed: Block.__init__ (models/basicblocks/block.py)"
    with farm.database.read() as session:
        (row,) = audits(session)
        assert (row.commit, row.base, row.seed) == (commit, farm.scratch.git("rev-parse", "HEAD~1"), None)
        assert (figures_of(row).recall, figures_of(row).precision) == (1.0, 1.0)
        assert (row.judged, row.changed, row.architectures, len(row.rows)) == (4, 2, 4, 4)
        assert session.scalar(select(func.count()).select_from(Event).where(Event.kind == "audited")) == 1


def test_a_miss_opens_an_incident_and_trips_the_breaker(farm: TinyFarm, audit: Run) -> None:
    commit = farm.scratch.commit({**WIDER, **KERNEL})
    report = audit()
    assert not report.good
    (incident,) = report.misses
    assert report.open == (incident,)
    assert (incident.architecture.name, incident.commit, incident.files) == ("hidden", commit, [PART])
    assert incident.edge.startswith("models/parts/four.py:COUNT makes the difference")
    assert report.figures.recall == 2 / 3
    everything = (
        f"everything is selected: the selector missed network:hidden at commit {commit[:10]}, "
        f"incident {incident.id}; fix it, then run farm audit"
    )
    assert reasons(farm) == {
        "block:Block": "changed: Block.__init__ (models/basicblocks/block.py)",
        "network:tiny": "changed: Block.__init__ (models/basicblocks/block.py) via tiny",
        "network:hidden": everything,
        "network:wide": everything,
    }
    assert farm.plan("HEAD").fresh == {"block:Block", "network:tiny", "network:hidden", "network:wide"}


def test_while_it_is_open_bundles_are_not_taken_by_their_closure(farm: TinyFarm, audit: Run) -> None:
    """The closure hash is what cannot be trusted."""
    farm.submit()
    farm.convert()
    farm.scratch.commit(WIDER)
    assert farm.submit("HEAD~1").converting == 0
    audit()
    assert farm.submit("HEAD~1").converting == 4
    farm.convert()
    assert farm.submit("HEAD~1").converting == 4  # until it is fixed
    plan = farm.plan()
    assert {e.selection.reason for e in plan.entries} == {"everything is selected: all were asked for"}
    assert plan.fresh


def test_the_same_miss_is_one_incident(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit(WIDER)
    first, second = audit(), audit()
    assert [i.id for i in first.misses] == [i.id for i in second.misses]
    with farm.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Incident)) == 1
        assert session.scalar(select(func.count()).select_from(Audit)) == 2


def test_it_stays_open_over_commits_that_do_not_mend_it(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit(WIDER)
    audit()
    farm.scratch.commit(KERNEL)
    report = audit()
    assert (report.misses, report.fixed, len(report.open)) == ((), (), 1)
    assert not report.good
    assert "incident" in reasons(farm)["network:wide"]


def test_code_that_says_what_it_reaches_closes_it_and_the_breaker(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit(WIDER)
    audit()
    farm.scratch.commit(PLAIN)
    report = audit()
    assert report.good
    (fixed,) = report.fixed
    assert fixed.fixed is not None
    assert fixed.reason == "the selection sees now that network:hidden reaches models/parts/four.py"
    assert reasons(farm)["network:wide"].startswith("unchanged since")
    with farm.database.read() as session:
        assert (len(open_incidents(session)), len(all_incidents(session))) == (0, 1)


def test_an_incident_is_closed_by_hand_with_a_reason(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit(WIDER)
    (incident,) = audit().misses
    with pytest.raises(NotFoundError, match="no open incident named '99'"):
        close_by_hand(farm.database, 99, "x")
    closed = close_by_hand(farm.database, incident.id, "nobody uses it")
    assert (closed.reason, closed.fixed is not None) == ("nobody uses it", True)
    with farm.database.read() as session:
        assert read_doubts(session).everything == ""
    with pytest.raises(NotFoundError):
        close_by_hand(farm.database, incident.id, "again")


def test_several_are_counted_in_the_reason(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit(WIDER)
    audit()
    farm.scratch.commit({PART: FOUR.replace("COUNT = 4", "COUNT = 7")})
    assert len(audit().open) == 2
    assert "incident 1 (and 1 more); fix it" in reasons(farm)["network:wide"]


def test_what_an_audit_has_converted_is_known_to_the_next(farm: TinyFarm, audit: Run, workshop: FakeWorkshop) -> None:
    farm.scratch.commit(KERNEL)
    audit()
    assert len(workshop.asked) == 8
    second = farm.scratch.git("rev-parse", "HEAD")
    farm.scratch.commit({"README.md": "words\n"})
    audit()
    assert len(workshop.asked) == 4
    with farm.database.read() as session:
        closures = {e.architecture.key: e.closure.hash for e in farm.plan().entries}
        known = known_endings(session, closures, TOOLCHAIN, prefer=second, never="")
        assert {k.commit for k in known.values()} == {second}
        tree = farm.repository.tree(second)
        assert {key: k.ending for key, k in known.items()} == {key: truly(tree, key) for key in closures}
        assert known_endings(session, closures, {"torch": "another"}, prefer=second, never="") == {}
        assert all(
            k.commit != second for k in known_endings(session, closures, TOOLCHAIN, prefer="", never=second).values()
        )


def test_bundles_of_submissions_are_known_where_they_were_made(farm: TinyFarm) -> None:
    first = farm.submit().commit
    farm.convert()
    second = farm.scratch.commit(KERNEL)
    farm.submit("HEAD~1")
    with farm.database.read() as session:
        closures = {e.architecture.key: e.closure.hash for e in farm.plan().entries}
        known = known_endings(session, closures, TOOLCHAIN, prefer=second, never="")
    assert {key: k.commit for key, k in known.items()} == {"network:hidden": first, "network:wide": first}
    assert known["network:wide"].ending == farm.snapshots(first)["wide"].bundle


def test_a_sample_is_of_so_many_and_says_its_seed(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit(KERNEL)
    report = audit(sample=2, seed=5)
    assert (len(report.found.rows), report.architectures) == (2, 4)
    with farm.database.read() as session:
        assert audits(session)[0].seed == 5


def test_what_differs_each_time_is_said_and_is_no_incident(farm: TinyFarm, audit: Run, workshop: FakeWorkshop) -> None:
    farm.scratch.commit(WIDER)
    workshop._comes = lambda tree, key, seed: f"{seed % 10}" * 64 if key == KEY and seed else truly(tree, key)
    report = audit()
    assert (report.misses, report.open, report.good) == ((), (), False)
    assert report.found.differing.keys() == {KEY}


def test_the_first_commit_has_nothing_to_be_compared_with(audit: Run) -> None:
    with pytest.raises(UsageError, match="is the first commit: say --since REV"):
        audit()


def test_excluded_architectures_are_not_audited(farm: TinyFarm, audit: Run) -> None:
    farm.scratch.commit({"exclusions.yaml": "wide: too wide\n"})
    assert {row.key for row in audit().found.rows} == {"block:Block", KEY, "network:tiny"}


def test_nor_has_the_last_one_of_a_shallow_clone(audit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repository, "is_cut_off", lambda _repository, _sha: True)
    with pytest.raises(
        UsageError, match="is where a shallow clone ends: run git fetch --unshallow, or say --since REV"
    ):
        audit()
