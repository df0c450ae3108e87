"""What a plan would cost, from what was recorded of earlier conversions and attempts; pure, but for the reading.

An architecture that ran before costs the median of its latest runs; one that never did, the median of its kind, which is a
guess and is counted as one. Of what there is no history there is no number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.database.models import Architecture, Attempt, Conversion, DeviceType, Job
from farm.inventory import Inventory
from farm.planning.known_bundles import known_bundles
from farm.planning.plan import Entry, Plan
from farm.states.conversions import ConversionState
from farm.states.jobs import AttemptState
from farm.verdicts.standings import counting, read_terms
from workers.outcome import Group, Outcome

LATEST = 5
#: Rows that are looked at, the latest ones: old figures say little of today.
MOST_ROWS = 10_000
#: Names conversion where devices are named.
CONVERSION = "conversion"


class Run(NamedTuple):
    """One recorded conversion (device :data:`CONVERSION`) or attempt of an architecture, by key."""

    device: str
    architecture: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of one piece of work; a guess where they are those of other architectures of the kind; ``None``: unknown."""

    seconds: float | None
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """Of one device type, or of conversion: ``guessed_s`` is part of ``seconds``, ``unknown`` pieces of work are not."""

    work: int = 0
    seconds: float = 0.0
    guessed_s: float = 0.0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a plan.

    Args:
        architectures: by key of each selected one: estimates of what it needs, by device or :data:`CONVERSION`; what was
            converted before, or is inherited, is not in it.
        totals: by device, and of conversion.
        wall_s: expected time from start to end, one converter and all units of all device types working beside one another;
            ``None`` where nothing is known.
    """

    architectures: Mapping[str, Mapping[str, Estimate]]
    totals: Mapping[str, Total]
    wall_s: float | None

    @property
    def known(self) -> bool:
        """Whether there is any number, or nothing to do."""
        return self.wall_s is not None


@dataclass(frozen=True, slots=True)
class History:
    """What the database knows that a plan's cost depends on.

    Args:
        runs: conversions and attempts, the latest first.
        bundles: identity of the bundle, by key and closure hash, of what need not be converted.
        verdicts: bundle and device of the verdicts on these that a submission would take over.
    """

    runs: Sequence[Run] = ()
    bundles: Mapping[tuple[str, str], str] = field(default_factory=dict)
    verdicts: frozenset[tuple[str, str]] = frozenset()


class Speeds:
    """What work on one architecture takes, by what was recorded, the latest first."""

    def __init__(self, runs: Iterable[Run]) -> None:
        known = list(runs)
        self._medians = _medians(known)
        self._kinds = _medians(run._replace(architecture=run.architecture.partition(":")[0]) for run in known)

    def of(self, device: str, architecture: str) -> Estimate:
        """Of an attempt on a device type, or of :data:`CONVERSION`, of the architecture of that key."""
        if (seconds := self._medians.get((device, architecture))) is not None:
            return Estimate(seconds)
        return Estimate(self._kinds.get((device, architecture.partition(":")[0])), guessed=True)


def estimate(plan: Plan, units: Mapping[str, int], history: History) -> Cost:
    """The cost of what ``plan`` selects on device types with some units each."""
    speeds = Speeds(history.runs)
    architectures = {
        (key := entry.architecture.key): {device: speeds.of(device, key) for device in _wanted(entry, units, history)}
        for entry in plan.selected
    }
    totals = {device: _total(device, architectures.values()) for device in (CONVERSION, *units)}
    known = any(t.seconds for t in totals.values()) or not any(t.work for t in totals.values())
    wall = max((t.seconds / units.get(device, 1) for device, t in totals.items()), default=0.0)
    return Cost(architectures, totals, wall if known else None)


def read_history(
    session: Session,
    plan: Plan,
    inventory: Inventory,
    toolchain: Mapping[str, str],
    checkpoints: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    now: datetime | None = None,
) -> History:
    """What is recorded that counts for ``plan``, whose conversions ``toolchain`` would make, with ``checkpoints`` as in
    :func:`farm.submission.record.record`.
    """
    if not plan.selected:
        return History()
    at, terms = now or utc_now(), read_terms(session, inventory)
    known = known_bundles(session, inventory, plan, terms, toolchain, checkpoints, now=at)
    bundles = {
        (key, entry.closure.hash): known[key] for entry in plan.selected if (key := entry.architecture.key) in known
    }
    return History(
        read_runs(session, inventory),
        bundles,
        frozenset(counting(session, inventory, terms, set(bundles.values()), at)),
    )


def read_runs(session: Session, inventory: Inventory) -> tuple[Run, ...]:
    """What earlier conversions and attempts took."""
    return (*_conversions(session), *_attempts(session, inventory))


def _wanted(entry: Entry, units: Mapping[str, int], history: History) -> list[str]:
    bundle = history.bundles.get((entry.architecture.key, entry.closure.hash))
    if bundle is None:
        return [CONVERSION, *units]
    return [device for device in units if (bundle, device) not in history.verdicts]


def _medians(runs: Iterable[Run]) -> dict[tuple[str, str], float]:
    latest: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for run in runs:
        if len(found := latest[run.device, run.architecture]) < LATEST:
            found.append(run.seconds)
    return {key: median(seconds) for key, seconds in latest.items()}


def _total(device: str, architectures: Iterable[Mapping[str, Estimate]]) -> Total:
    pieces = [estimates[device] for estimates in architectures if device in estimates]
    return Total(
        work=len(pieces),
        seconds=sum(p.seconds or 0.0 for p in pieces),
        guessed_s=sum(p.seconds or 0.0 for p in pieces if p.guessed),
        unknown=sum(p.seconds is None for p in pieces),
    )


def _conversions(session: Session) -> list[Run]:
    query = (
        select(Architecture.key, Conversion.seconds)
        .join(Architecture, Conversion.architecture_id == Architecture.id)
        .where(Conversion.state == ConversionState.DONE)
        .order_by(Conversion.claimed.desc(), Conversion.id.desc())
        .limit(MOST_ROWS)
    )
    return [Run(CONVERSION, key, seconds) for key, seconds in session.execute(query) if seconds]


def _attempts(session: Session, inventory: Inventory) -> list[Run]:
    """Attempts that say how long the work takes: not those that the farm itself broke off."""
    telling = [outcome for outcome in Outcome if outcome.group in (Group.GOOD, Group.PRODUCT, Group.SUPPORT)]
    query = (
        select(DeviceType.name, Architecture.key, Attempt.duration_s)
        .join(Job, Attempt.job_id == Job.id)
        .join(Architecture, Job.architecture_id == Architecture.id)
        .join(DeviceType, Job.device_type_id == DeviceType.id)
        .where(Attempt.state == AttemptState.REPORTED, Attempt.outcome.in_(telling), Attempt.duration_s > 0)
        .where(DeviceType.name.in_(inventory.devices))
        .order_by(Attempt.dispatched.desc())
        .limit(MOST_ROWS)
    )
    return [Run(device, key, seconds) for device, key, seconds in session.execute(query) if seconds is not None]
