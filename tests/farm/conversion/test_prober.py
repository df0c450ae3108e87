"""A converter's part of a probe: what it asks of its child, what it keeps of the answer, and how it ends without one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import select

from farm.conversion import converter as converter_module
from farm.conversion import prober as prober_module
from farm.conversion.converter import Converter
from farm.conversion.prober import NOTHING_TO_TELL, Probed
from farm.conversion.repeater import NICENESS
from farm.conversion.runner import Surroundings
from farm.conversion.wire import Begun, Event, Item, Result
from farm.coordinator.cancellation import cancel_submission
from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.coordinator.order import IDLE
from farm.database.engine import Database
from farm.database.models import Bundle, Job, Probe
from farm.progress.display import Lines
from farm.protocol import AttemptMessage, ReportMessage
from farm.running.submission import run_here, wait_for
from farm.settings import Settings
from farm.submission.record import Remaining, remaining
from farm.verdicts.probes import sizes_of
from tests.farm.conftest import Scratch
from tests.farm.rows import START, FakeWire, report
from tests.farm.tinyfarm import TinyFarm, tiny_farm
from tests.workers.bundles import SIZES, Network, branched
from workers.outcome import Cause, Outcome

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
Child = Callable[[Item], Event]
OWN = [f"{height}x{width}" for _, height, width in SIZES]


@pytest.fixture
def farm(scratch: Scratch, database: Database) -> TinyFarm:
    return tiny_farm(scratch, database)


def make(farm: TinyFarm) -> Converter:
    return Converter(farm.database, farm.inventory, farm.repository, str(farm.scratch.root.parent / "store"))


def wrong_width(message: AttemptMessage) -> ReportMessage:
    """A device that takes widths which are multiples of four."""
    plain = report(message, Outcome.LOAD_REJECTED, Cause.DEVICE_STACK)
    one = plain.report.cases[0]
    outcomes = {name: Outcome.LOAD_REJECTED if int(name[-2:]) % 4 else Outcome.PASS for name in OWN}
    cases = tuple(replace(one, sample=name, outcome=outcome, tensors=()) for name, outcome in outcomes.items())
    return structs.replace(plain, report=replace(plain.report, cases=cases))


@pytest.fixture
def probing(farm: TinyFarm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyFarm:
    """A farm with one bundle, which is PARTIAL on both devices: two probes are queued."""
    branched().write(tmp_path / "first")

    def convert(source: Path, items: Sequence[Item], *_: object) -> Iterator[Event]:
        for item in items:
            shutil.copytree(tmp_path / "first", item.folder)
            yield Result(item.key, 0.1)

    monkeypatch.setattr(converter_module, "convert_items", convert)
    farm.submit()
    assert make(farm).step()
    wire, done = FakeWire(), 0
    while dispatch(farm.database, farm.inventory, wire, START):
        for message in wire.sent[done:]:
            merge(farm.database, wrong_width(message), START)
        done = len(wire.sent)
    assert [probe.state for probe in probes(farm)] == ["queued"] * 2
    return farm


def probes(farm: TinyFarm) -> list[Probe]:
    with farm.database.read() as session:
        return list(session.scalars(select(Probe).order_by(Probe.id)))


def jobs(farm: TinyFarm) -> list[Job]:
    with farm.database.read() as session:
        return list(session.scalars(select(Job).where(Job.probe_id.is_not(None)).order_by(Job.id)))


def played(monkeypatch: pytest.MonkeyPatch, child: Child, asked: list[Item] | None = None) -> None:
    """Let ``child`` stand in for the child process of probes."""

    def convert(
        source: Path, items: Sequence[Item], limits: object, stop: object, how: Surroundings
    ) -> Iterator[Event]:
        assert how == Surroundings(0, NICENESS)
        for item in items:
            (asked if asked is not None else []).append(item)
            yield Begun(item.key, "import")
            yield child(item)

    monkeypatch.setattr(prober_module, "convert_items", convert)


def wider(item: Item, of: Callable[..., Network] = branched) -> Event:
    """The bundle with the samples that are asked for."""
    of(sizes=(*SIZES, *item.further)).write(Path(item.folder))
    return Result(item.key, 0.1)


def test_the_samples_are_kept_and_get_a_job_on_the_same_device(
    probing: TinyFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Item] = []
    told: list[object] = []
    played(monkeypatch, wider, asked)
    assert make(probing).step(told.append)
    assert [(item.further, item.commit) for item in asked] == [(asked[0].further, probing.plan().state.key)] * 2
    assert 0 < len(asked[0].further) <= 6
    assert [type(event) for event in told] == [Probed] * 2
    first, second = probes(probing)
    assert {s.sample for s in sizes_of(first)} == {*OWN, *(f"{h}x{w}" for _, h, w in asked[0].further)}
    assert first.made == second.made != first.bundle, "the same samples are one bundle"
    found = jobs(probing)
    assert [(j.bundle, j.priority, j.state, j.probe_id) for j in found] == [
        (first.made, IDLE, "queued", probe.id) for probe in (first, second)
    ]
    assert {j.device_type_id for j in found} == {first.device_type_id, second.device_type_id}
    with probing.database.read() as session:
        own, made = (session.get_one(Bundle, identity) for identity in (first.bundle, first.made))
        assert (own.graph, own.weights) == (made.graph, made.weights)
        assert set(own.files) < set(made.files), "graph, weights and samples are shared"
    assert not make(probing).step()


def other_weights(**asked: object) -> Network:
    network = branched(**asked)
    return replace(network, weights={name: value * 2 for name, value in network.weights.items()})


@pytest.mark.parametrize(
    ("child", "said"),
    [
        (
            lambda item: Result(item.key, 0.1, Outcome.MODEL_FAILED, Cause.MODEL_CODE, "too small"),
            "no samples: MODEL_FAILED: too small",
        ),
        (lambda item: wider(item, other_weights), "with samples at these sizes, the bundle has another weights"),
        (lambda item: Result(item.key, 0.1), "manifest.json"),
    ],
)
def test_a_probe_without_such_a_bundle_ends_with_the_reason(
    probing: TinyFarm, monkeypatch: pytest.MonkeyPatch, child: Child, said: str
) -> None:
    played(monkeypatch, child)
    assert make(probing).step()
    for probe in probes(probing):
        assert (probe.state, probe.made) == ("failed", None)
        assert said in probe.message
    assert jobs(probing) == []
    assert not make(probing).step(), "it is not tried again and again"
    assert {cell.probe for cell in probing.cells().values()} == {probe.message for probe in probes(probing)}


def test_where_no_size_tells_more_none_is_made(probing: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober_module, "choose_sizes", lambda *_: ())
    told: list[Probed] = []
    assert make(probing).step(told.append)
    assert {event.message for event in told} == {NOTHING_TO_TELL}
    assert {(probe.state, probe.message) for probe in probes(probing)} == {("done", NOTHING_TO_TELL)}


def test_a_lost_bundle_is_the_end_of_its_probe(probing: TinyFarm) -> None:
    shutil.rmtree(probing.scratch.root.parent / "store")
    assert make(probing).step()
    assert {probe.state for probe in probes(probing)} == {"failed"}
    assert all(probe.message.startswith("the bundle cannot be read: ") for probe in probes(probing))


def test_what_is_cancelled_meanwhile_gets_no_job(probing: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    def child(item: Item) -> Event:
        with probing.database.write() as session:
            cancel_submission(session, probes(probing)[0].submission_id, "typo", START)
        return wider(item)

    played(monkeypatch, child)
    assert make(probing).step()
    assert jobs(probing) == []
    assert {probe.state for probe in probes(probing)} == {"failed"}


def test_a_probe_makes_way_and_is_taken_up_again(probing: TinyFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(
        source: Path, items: Sequence[Item], limits: object, stop: Callable[[], bool], how: object
    ) -> Iterator[Event]:
        assert stop()
        yield from ()

    monkeypatch.setattr(prober_module, "convert_items", none)
    assert make(probing).step(stop=lambda: True)
    assert {probe.state for probe in probes(probing)} == {"queued"}
    played(monkeypatch, wider)
    assert make(probing).step()
    assert len(jobs(probing)) == 2


def test_only_a_command_that_does_all_itself_waits_for_probes_and_not_beyond_its_time(
    probing: TinyFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(
        source: Path, items: Sequence[Item], limits: object, stop: Callable[[], bool], *_: object
    ) -> Iterator[Event]:
        while not stop():
            time.sleep(0.01)
        yield from ()

    monkeypatch.setattr(prober_module, "convert_items", hang)
    submitted = probing.submit(toolchain={})
    with probing.database.read() as session:
        assert remaining(session, submitted) == Remaining(0, 0, probes=2)
    wait_for(probing.database, probing.inventory, submitted, Lines(print), timeout_s=0.0)
    folder = probing.scratch.root.parent
    settings = Settings.load(
        probing.scratch.root,
        {"FARM_STORE_URL": str(folder / "store"), "FARM_CACHE": str(folder / "cache"), "XDG_DATA_HOME": str(folder)},
    )
    started = time.monotonic()
    run_here(probing.database, probing.inventory, probing.repository, settings, submitted, Lines(print), timeout_s=0.7)
    assert time.monotonic() - started >= 0.7, "it did not wait"
    assert {probe.state for probe in probes(probing)} == {"queued"}
