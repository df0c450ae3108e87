"""Repeats as rows: how many a submission gets, in which order they come, what each ending does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from farm.conversion.repeats import claim_repeats, conversion_waits, drop_repeats, in_doubt, is_in_doubt, record_repeat
from farm.coordinator.jobs import want_verdicts
from farm.database.engine import Database
from farm.database.models import Conversion, Event, Repeat, Submission
from farm.inventory import Inventory
from farm.running.local_turn import take_up_orphans
from farm.states.verdict import Provenance, Verdict
from farm.submission.record import Remaining, remaining
from farm.table.table import build_table
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, TinyFarm, tiny_farm
from workers.outcome import Outcome

LEASE = timedelta(minutes=1)
STRIDE = ("Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
KERNEL = ("channels, 3, padding=1", "channels, 5, padding=2")


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    """Repeats one conversion of a submission."""
    return repeating(tiny_farm(scratch, database), 0.05)


def repeating(farm: TinyFarm, share: float) -> TinyFarm:
    data = farm.inventory.model_dump(mode="json")
    farm.inventory = Inventory.model_validate({**data, "conversion": {"repeat_share": share}})
    return farm


def repeats(farm: TinyFarm, *states: str) -> list[tuple[str, str]]:
    """Architecture and state, oldest first."""
    with farm.database.read() as session:
        rows = session.scalars(select(Repeat).order_by(Repeat.id)).all()
        return [(r.conversion.architecture.name, r.state) for r in rows if not states or r.state in states]


def claim(farm: TinyFarm, now: datetime | None = None, batch: int = 8) -> list[tuple[int, str, str]]:
    """Number, architecture and bundle of what is claimed."""
    with farm.database.write() as session:
        claimed = claim_repeats(session, LEASE, now or datetime.now(UTC), batch)
        return [(r.id, r.conversion.architecture.name, bundle) for r, bundle in claimed]


def end(farm: TinyFarm, difference: str | None) -> list[str]:
    """End every repeat that can be claimed so; names of their architectures."""
    names = []
    while claimed := claim(farm):
        for number, name, _ in claimed:
            names.append(name)
            with farm.database.write() as session:
                record_repeat(session, number, difference, 1.0, datetime.now(UTC))
    return names


def events(farm: TinyFarm, kind: str) -> Sequence[Event]:
    with farm.database.read() as session:
        return session.scalars(select(Event).where(Event.kind == kind)).all()


@pytest.mark.parametrize(("share", "number"), [(0, 0), (0.01, 1), (0.5, 2), (1, 3)])
def test_a_share_of_a_submissions_conversions_is_repeated(farm: TinyFarm, share: float, number: int) -> None:
    repeating(farm, share).submit()
    assert len(repeats(farm, "queued")) == number
    with farm.database.read() as session:
        assert {r.hash_seed for r in session.scalars(select(Repeat))}.isdisjoint({0})


def test_they_wait_for_the_conversion_and_are_waited_for(farm: TinyFarm) -> None:
    submitted = repeating(farm, 1).submit()
    assert claim(farm) == []
    farm.convert()
    farm.judge()
    with farm.database.read() as session:
        assert remaining(session, submitted) == Remaining(0, 0, repeats=3)
    claimed = claim(farm)
    snapshots = farm.snapshots(submitted.commit)
    # In the order in which they were converted.
    assert [(n, b) for _, n, b in claimed] == [(n, snapshots[n].bundle) for n in ("wide", "tiny", "Block")]
    for number, _, _ in claimed:
        with farm.database.write() as session:
            record_repeat(session, number, None, 1.0, datetime.now(UTC))
    with farm.database.read() as session:
        assert not remaining(session, submitted)
    assert {event.subject for event in events(farm, "repeated")} == {"network:wide", "network:tiny", "block:Block"}


def test_a_submission_that_converts_nothing_repeats_nothing(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    end(farm, None)
    farm.submit()
    assert len(repeats(farm)) == 1


def test_submitting_again_while_it_is_under_way_repeats_nothing_twice(farm: TinyFarm) -> None:
    repeating(farm, 1).submit()
    farm.submit()
    farm.convert()
    farm.submit(reconvert=True)
    assert sorted(name for name, _ in repeats(farm)) == ["Block", "tiny", "wide"]


def test_those_go_first_that_were_never_checked(farm: TinyFarm) -> None:
    checked = []
    for _ in range(3):
        farm.submit(reconvert=True)
        farm.convert()
        checked += end(farm, None)
    assert sorted(checked) == ["Block", "tiny", "wide"]
    farm.submit(reconvert=True)
    farm.convert()
    # All were checked: it is the turn of the one that was checked longest ago, or of the task list's.
    assert end(farm, None)[0] in (checked[0], "wide")


def test_where_a_conversion_fails_another_ones_repeat_takes_its_place(farm: TinyFarm) -> None:
    farm.submit()
    ((first, _),) = repeats(farm)
    with farm.database.write(in_turn=True) as session:
        (row,) = (c for c in session.scalars(select(Conversion)) if c.architecture.name == first)
        row.state = "failed"
        drop_repeats(session, farm.inventory, row)
    states = dict(repeats(farm))
    assert states.pop(first) == "failed"
    assert list(states.values()) == ["queued"]


def test_a_claim_has_a_lease(farm: TinyFarm) -> None:
    repeating(farm, 1).submit()
    farm.convert()
    now = datetime.now(UTC)
    assert len(claim(farm, now, batch=2)) == 2
    assert len(claim(farm, now)) == 1
    assert claim(farm, now) == []
    assert len(claim(farm, now + 2 * LEASE)) == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_killed_command_had_begun_is_taken_up(farm: TinyFarm) -> None:
    repeating(farm, 1).submit()
    farm.convert()
    claim(farm)
    take_up_orphans(farm.database)
    assert {state for _, state in repeats(farm)} == {"queued"}


def test_a_first_conversion_waits_or_does_not(farm: TinyFarm) -> None:
    farm.submit()
    with farm.database.read() as session:
        assert conversion_waits(session)
    farm.convert()
    with farm.database.read() as session:
        assert not conversion_waits(session)


def test_a_difference_fails_the_architecture_and_leaves_its_bundle(farm: TinyFarm) -> None:
    commit = repeating(farm, 1).submit().commit
    farm.convert()
    farm.judge()
    end(farm, "graph.json: nodes[1].attributes.stride[0]: 2 and 1")
    with farm.database.read() as session:
        (row,) = build_table(session, commit, farm.inventory, "tiny").rows
        assert {r.architecture_id for r in in_doubt(session)} == {
            s.architecture_id for s in farm.snapshots(commit).values()
        }
    cell = row.cells["numpy"]
    assert (cell.verdict, cell.provenance, cell.outcome) == (
        Verdict.FAILED,
        Provenance.OBSERVED,
        Outcome.NONDETERMINISTIC,
    )
    assert cell.message == ("converted again, it is another bundle: graph.json: nodes[1].attributes.stride[0]: 2 and 1")
    assert farm.snapshots(commit)["tiny"].bundle is not None
    (event, *_) = events(farm, "nondeterministic")
    assert event.detail["difference"] == "graph.json: nodes[1].attributes.stride[0]: 2 and 1"


def test_an_architecture_in_doubt_is_converted_in_every_submission_until_a_repeat_is_equal(farm: TinyFarm) -> None:
    """The change is of the block alone, and the network that does not reach it is in doubt."""
    first = repeating(farm, 1).submit().commit
    farm.convert()
    end(farm, None)
    with farm.database.write() as session:
        for repeat in session.scalars(select(Repeat)):
            if repeat.conversion.architecture.name == "wide":
                repeat.same, repeat.difference = False, "weights: conv.bias: only in the first"
    repeating(farm, 0.01)
    farm.edit(BLOCK, *KERNEL)
    farm.scratch.commit({}, "Kernel")
    plan = farm.plan(first)
    entry = next(e for e in plan.selected if e.architecture.name == "wide")
    assert entry.selection.reason == (
        "in doubt: conversions of the same code differ: weights: conv.bias: only in the first"
    )
    assert entry.selection.chain[0].definition == "models.networks.small.wide"
    assert plan.fresh == {"network:wide"}
    assert farm.submit(first).converting == 3
    farm.convert()
    # In doubt it is repeated beside the one that the share asks for, by the seed that has shown the difference.
    with farm.database.read() as session:
        seeds = {r.hash_seed for r in session.scalars(select(Repeat)) if r.conversion.architecture.name == "wide"}
    assert len(seeds) == 1
    assert len(end(farm, None)) == 2
    with farm.database.read() as session:
        assert list(in_doubt(session)) == []
    assert farm.submit(first).converting == 0


def test_code_that_differed_is_converted_again_after_a_revert_to_it(farm: TinyFarm) -> None:
    """It is in doubt no more, since it was mended in between; its bundles are still worth nothing."""
    first = repeating(farm, 1).submit().commit
    farm.convert()
    words = farm.scratch.commit({"README.md": "words"}, "Words")
    farm.submit(first)
    # Nobody knew, so the next commit has that bundle too.
    assert farm.snapshots(words)["wide"].bundle == farm.snapshots(first)["wide"].bundle is not None
    with farm.database.write() as session:
        for repeat in session.scalars(select(Repeat)).all():
            told = "weights: w: only in the first" if repeat.conversion.architecture.name == "wide" else None
            record_repeat(session, repeat.id, told, 1.0, datetime.now(UTC))
    farm.edit(SMALL, *STRIDE)
    second = farm.scratch.commit({}, "Mend")
    assert farm.submit(first).converting == 1
    farm.convert()
    assert end(farm, None) == ["wide"]
    farm.scratch.git("revert", "--no-edit", "HEAD")
    assert farm.plan(second).fresh == frozenset()
    submitted = farm.submit(second)
    assert (submitted.converting, submitted.known) == (1, 0)
    farm.scratch.git("revert", "--no-edit", "HEAD")
    assert farm.submit("HEAD~1").known == 1


def test_without_a_share_only_what_is_in_doubt_is_repeated(farm: TinyFarm) -> None:
    repeating(farm, 1).submit()
    farm.convert()
    end(farm, "weights: w: only in the first")
    repeating(farm, 0).submit()
    farm.convert()
    assert sorted(end(farm, None)) == ["Block", "tiny", "wide"]
    farm.submit(reconvert=True)
    farm.convert()
    assert end(farm, None) == []


def test_bundles_of_what_is_in_doubt_inherit_nothing(farm: TinyFarm) -> None:
    """Though the very same bundle comes out of it by chance, and was judged before."""
    commit = repeating(farm, 1).submit().commit
    farm.convert()
    assert farm.judge() == 6
    end(farm, "weights: w: only in the first")
    snapshot = farm.snapshots(commit)["wide"]
    with farm.database.write() as session:
        doubted = is_in_doubt(session, snapshot.architecture_id)
        submission = session.scalars(select(Submission)).first()
        assert submission is not None
        assert snapshot.bundle is not None
        needs = want_verdicts(
            session, farm.inventory, submission, snapshot.architecture_id, snapshot.bundle, 0, datetime.now(UTC),
            inherit=not doubted,
        )  # fmt: skip
    assert set(needs.values()) == {"queued"}


def test_a_repeat_that_says_nothing_leaves_what_was_known(farm: TinyFarm) -> None:
    repeating(farm, 1).submit()
    farm.convert()
    end(farm, "weights: w: only in the first")
    with farm.database.write() as session:
        (before,) = (r for r in in_doubt(session) if r.conversion.architecture.name == "wide")
        later = Repeat(
            conversion_id=before.conversion_id,
            submission_id=before.submission_id,
            architecture_id=before.architecture_id,
            hash_seed=1,
            state="failed",
        )
        session.add(later)
        session.flush()
        assert is_in_doubt(session, before.architecture_id)
