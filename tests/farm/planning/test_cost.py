"""The cost of a plan: medians of what was recorded, guesses that are counted as such, no number out of nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Attempt, Conversion
from farm.planning.cost import CONVERSION, Cost, Estimate, History, Run, Total, estimate, read_history
from farm.planning.plan import Entry, Plan, State
from farm.source.catalogue import Architecture, Kind
from farm.source.closure import Closure
from farm.source.select import Selection
from tests.farm.conftest import Scratch
from tests.farm.rows import START
from tests.farm.tinyfarm import SMALL, TOOLCHAIN, TinyFarm, tiny_farm
from workers.outcome import Outcome

UNITS = {"numpy": 1, "torch": 2}


def plan(*names: str, kind: Kind = Kind.NETWORK, selected: bool = True) -> Plan:
    entries = []
    for place, name in enumerate(names):
        a = Architecture(name, kind, "m", f"m.{name}", "m.py", 1)
        entries.append(
            Entry(a, Closure(name, f"closure of {name}", "code", {}, {}, (), {}), Selection(a, selected, "r"), place)
        )
    return Plan(State("c", "c", (), "s", START), None, tuple(entries), (), ())


def runs(device: str, name: str, *seconds: float) -> list[Run]:
    return [Run(device, f"network:{name}", s) for s in seconds]


def test_the_median_of_the_latest_runs_of_the_same_architecture() -> None:
    history = History((*runs(CONVERSION, "a", 4.0), *runs("numpy", "a", 1.0, 9.0, 2.0, 3.0, 4.0, 100.0, 100.0)))
    made = estimate(plan("a"), {"numpy": 1}, history)
    assert made.architectures == {"network:a": {CONVERSION: Estimate(4.0), "numpy": Estimate(3.0)}}
    assert made.totals == {CONVERSION: Total(1, 4.0), "numpy": Total(1, 3.0)}
    assert made.wall_s == 4.0


def test_one_that_never_ran_costs_the_median_of_its_kind_and_counts_as_a_guess() -> None:
    history = History((*runs("numpy", "a", 1.0), *runs("numpy", "b", 5.0), *runs(CONVERSION, "a", 2.0)))
    made = estimate(plan("a", "new"), {"numpy": 1}, history)
    assert made.architectures["network:new"] == {CONVERSION: Estimate(2.0, True), "numpy": Estimate(3.0, True)}
    assert made.totals["numpy"] == Total(2, 4.0, guessed_s=3.0)


def test_of_what_there_is_no_history_there_is_no_number() -> None:
    made = estimate(plan("Block", kind=Kind.BLOCK), UNITS, History(tuple(runs("numpy", "a", 1.0))))
    assert made.architectures["block:Block"] == dict.fromkeys((CONVERSION, *UNITS), Estimate(None, True))
    assert made.totals["numpy"] == Total(1, unknown=1)
    assert (made.wall_s, made.known) == (None, False)


def test_nothing_selected_costs_nothing() -> None:
    made = estimate(plan("a", selected=False), UNITS, History())
    assert (made.architectures, made.wall_s, made.known) == ({}, 0.0, True)


def test_units_work_beside_one_another() -> None:
    history = History((*runs("numpy", "a", 6.0), *runs("torch", "a", 8.0), *runs(CONVERSION, "a", 1.0)))
    assert estimate(plan("a"), UNITS, history).wall_s == 6.0
    assert estimate(plan("a"), {"numpy": 2, "torch": 1}, history).wall_s == 8.0


def test_a_known_bundle_is_not_converted_and_a_verdict_that_stands_is_inherited() -> None:
    history = History(
        (*runs("numpy", "a", 6.0), *runs("torch", "a", 8.0), *runs(CONVERSION, "a", 1.0)),
        {("network:a", "closure of a"): "bundle"},
        frozenset({("bundle", "torch")}),
    )
    made = estimate(plan("a"), UNITS, history)
    assert made.architectures == {"network:a": {"numpy": Estimate(6.0)}}
    assert made.totals["torch"] == made.totals[CONVERSION] == Total()
    changed = replace(history, bundles={("network:a", "another closure"): "bundle"})
    assert set(estimate(plan("a"), UNITS, changed).architectures["network:a"]) == {CONVERSION, "numpy", "torch"}


names = st.sampled_from(["a", "b", "c", "d"])
recorded = st.lists(st.builds(Run, st.sampled_from(["numpy", "torch", CONVERSION]), names.map("network:{}".format),
                              st.floats(0.1, 1e4)), max_size=30)  # fmt: skip


@given(st.lists(names, unique=True), recorded)
def test_totals_are_the_sums_of_their_parts(selected: list[str], history: list[Run]) -> None:
    made: Cost = estimate(plan(*selected), UNITS, History(tuple(history)))
    for device, total in made.totals.items():
        pieces = [e[device] for e in made.architectures.values()]
        assert total.work == len(pieces) == len(selected)
        assert total.seconds == pytest.approx(sum(p.seconds for p in pieces if p.seconds is not None))
        assert 0 <= total.guessed_s <= total.seconds
        assert total.unknown == sum(p.seconds is None for p in pieces)
    for key, estimates in made.architectures.items():
        for device, one in estimates.items():
            own = [r.seconds for r in history if (r.device, r.architecture) == (device, key)]
            assert one.guessed is not bool(own)
            if own:
                assert min(own) <= (one.seconds or 0.0) <= max(own)
    assert made.known is (made.wall_s is not None) is (not selected or any(t.seconds for t in made.totals.values()))


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def cost(farm: TinyFarm, since: str | None = None, toolchain: dict[str, str] = TOOLCHAIN) -> Cost:
    made = farm.plan(since)
    units = {name: device.units for name, device in farm.inventory.devices.items()}
    with farm.database.read() as session:
        return estimate(made, units, read_history(session, made, farm.inventory, toolchain))


def test_what_was_recorded_is_read(farm: TinyFarm) -> None:
    assert not cost(farm).known
    farm.submit()
    farm.convert()
    with farm.database.write() as session:
        for row in session.scalars(select(Conversion)):
            row.seconds = 10.0
    made = cost(farm)
    assert made.totals[CONVERSION] == Total()  # known to this toolchain
    assert made.totals["numpy"] == Total(3, unknown=3)
    other = cost(farm, toolchain={"converter": "2"})
    assert other.totals[CONVERSION] == Total(3, 30.0)
    farm.judge()
    assert cost(farm).totals["numpy"] == Total()  # inherited
    assert cost(farm, toolchain={"converter": "2"}).totals["numpy"] == Total(3, 1.5)
    farm.scratch.write({SMALL: (farm.scratch.root / SMALL).read_text().replace("Conv2d(3, 16, 3)", "Conv2d(3, 16, 5)")})
    made = cost(farm, "HEAD")
    assert made.architectures == {
        "network:wide": {CONVERSION: Estimate(10.0), "numpy": Estimate(0.5), "exact": Estimate(0.5)}
    }


def test_a_failure_that_is_due_to_be_proved_again_costs_an_attempt(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge(Outcome.MISMATCH)
    made, units = farm.plan(), dict.fromkeys(farm.inventory.devices, 1)

    def work(after: timedelta) -> int:
        with farm.database.read() as session:
            history = read_history(session, made, farm.inventory, TOOLCHAIN, now=START + after)
        return estimate(made, units, history).totals["numpy"].work

    failures_for = farm.inventory.inheritance.failures_for
    assert work(failures_for - timedelta(hours=1)) == 0
    assert work(failures_for + timedelta(hours=1)) == 3


def test_only_what_counts_for_the_plan_is_read(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge()
    bundles = {name: s.bundle for name, s in farm.snapshots(farm.plan().state.key).items()}

    def history(selected: set[str]) -> History:
        made = farm.plan()
        entries = tuple(
            replace(e, selection=replace(e.selection, selected=e.architecture.name in selected)) for e in made.entries
        )
        with farm.database.read() as session:
            return read_history(session, replace(made, entries=entries), farm.inventory, TOOLCHAIN, now=START)

    assert history(set()) == History()
    assert history({"wide"}).verdicts == {(bundles["wide"], device) for device in farm.inventory.devices}


def test_a_bundle_of_other_pretrained_weights_is_converted_again(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    made = farm.plan()
    checkpoints = {"network:wide": {"pretrained": "0123"}}
    with farm.database.read() as session:
        history = read_history(session, made, farm.inventory, TOOLCHAIN, checkpoints)
    converted = [key for key, work in estimate(made, {}, history).architectures.items() if CONVERSION in work]
    assert converted == ["network:wide"]


def test_attempts_that_the_farm_broke_off_say_nothing(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge(Outcome.INFRA_ERROR)
    assert cost(farm, toolchain={"converter": "2"}).totals["numpy"].unknown == 3


def test_the_latest_attempts_come_first(farm: TinyFarm) -> None:
    farm.submit()
    farm.convert()
    farm.judge(Outcome.MISMATCH)  # two attempts of each
    with farm.database.write() as session:
        for n, attempt in enumerate(session.scalars(select(Attempt).order_by(Attempt.n))):
            attempt.dispatched, attempt.duration_s = START + timedelta(hours=n), float(n)
    with farm.database.read() as session:
        history = read_history(session, farm.plan(), farm.inventory, TOOLCHAIN)
    seconds = [r.seconds for r in history.runs]
    assert seconds == sorted(seconds, reverse=True)
    assert len(seconds) == 11  # one of them took no time at all
