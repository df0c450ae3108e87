"""The wire and the units, simulated: queues that lose and double, hosts that go and come, units that are sick.

It is the wire of the real coordinator: what that waits for moves the clock, and with it all that happens in the meantime.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import ClassVar, Self

from benchmarks.scale.clock import SimulatedClock
from benchmarks.scale.gauge import Gauge
from benchmarks.scale.reports import checked, report
from benchmarks.scale.scenario import (
    CHECK_S,
    FAILS,
    REPLAY_S,
    SPEED,
    TRANSIT_S,
    UNSUPPORTED,
    Scenario,
    drawn,
)
from farm.protocol import (
    AttemptMessage,
    CheckMessage,
    ControlMessage,
    HeartbeatMessage,
    Message,
    ReportMessage,
    StartedMessage,
)
from farm.wires import Addressed
from workers.outcome import Outcome

#: Seconds until the worker of a unit whose process was killed is back.
RESTART_S = 30.0


@dataclass(slots=True)
class Arrived:
    """A message of a host."""

    message: Message
    signer: None = None

    def acknowledge(self) -> None: ...


@dataclass(slots=True, eq=False)
class Unit:
    """One device. ``sick`` ones end all that they run with that outcome; ``fails_checks`` says whether a check finds it out.

    ``life`` counts how often it went away: what was planned in an earlier life does not happen.
    """

    device_type: str
    name: str
    host: str
    speed: float
    sick: Outcome | None = None
    fails_checks: bool = False
    online: bool = False
    attended: bool = False
    accepting: bool = False
    at_once: int | None = None
    begun: str | None = None
    busy: bool = False
    life: int = 0
    own: deque[AttemptMessage] = field(default_factory=deque)
    checks: deque[CheckMessage] = field(default_factory=deque)


class World:
    """All units of a scenario, and the wire to them."""

    attended: ClassVar[bool] = True

    def __init__(self, scenario: Scenario, clock: SimulatedClock, gauge: Gauge) -> None:
        self._scenario, self._clock, self._gauge = scenario, clock, gauge
        self._chance = random.Random(f"world {scenario.seed}")
        self._arrived: deque[Arrived] = deque()
        self._queues: dict[str, deque[AttemptMessage]] = {name: deque() for name in scenario.device_names()}
        self._units = self._made()
        self._by_name = {(unit.device_type, unit.name): unit for unit in self._units}
        self._under_way: set[str] = set()
        #: Messages by kind, attempts that went wrong by how, and the most that ever were on the broker at a time.
        self.messages: Counter[str] = Counter()
        self.trouble: Counter[str] = Counter()
        self.most_attempts = self.most_results = 0
        #: Attempts whose reports were sent, as often as they were.
        self.reported: Counter[str] = Counter()
        self.busy_s = self._charged = 0.0

    def begin(self) -> None:
        """Units come up in the first ten seconds, those of the last type when its time has come."""
        last = self._scenario.device_names()[-1]
        for unit in self._units:
            late = 3600 * self._scenario.away_until if unit.device_type == last else 0.0
            self._clock.after(late + self._chance.uniform(0, self._scenario.heartbeat_s), partial(self._come, unit))
        for host in dict.fromkeys(unit.host for unit in self._units):
            self._plan_outage(host)

    # The wire, as the coordinator has it.

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        for each in attempts:
            self._send(each.message, each.unit)

    def _send(self, message: AttemptMessage, unit: str | None) -> None:
        self.messages["attempt"] += 1
        self._under_way.add(message.attempt)
        self.most_attempts = max(self.most_attempts, len(self._under_way))
        if self._chance.random() < self._scenario.vanished:
            self.trouble["vanished on the broker"] += 1
            self._under_way.discard(message.attempt)
            return
        self._clock.after(TRANSIT_S, lambda: self._deliver(message, unit))

    def tell(self, message: ControlMessage | CheckMessage) -> None:
        self.messages["control" if isinstance(message, ControlMessage) else "check"] += 1
        unit = self._by_name[message.device_type, message.unit]
        self._clock.after(TRANSIT_S, lambda: self._told(unit, message))

    def receive(self, timeout_s: float) -> Arrived | None:
        if self._scenario.charged:
            with self._gauge.not_counted():
                self._clock.advance(self._clock.seconds + self._spent(), lambda: False)
        if not self._arrived:
            with self._gauge.not_counted():
                self._clock.advance(self._clock.seconds + timeout_s, lambda: bool(self._arrived))
        return self._arrived.popleft() if self._arrived else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def _spent(self) -> float:
        """What the coordinator has taken of a processor since it asked last."""
        before, self._charged = self._charged, self._gauge.total.cpu_s
        return self._charged - before

    # What units do.

    def _made(self) -> list[Unit]:
        made = []
        for place, name in enumerate(self._scenario.device_names()):
            speed = self._chance.lognormvariate(0.0, SPEED)
            for number in range(self._scenario.units):
                # Units of many types share a host, and those of one type are on as many hosts as there are of them.
                host = f"host-{number}-{place // self._scenario.units_per_host}"
                made.append(Unit(name, f"unit-{number + 1}", host, speed))
        made[0].sick, made[0].fails_checks = Outcome.INFRA_ERROR, True
        made[self._scenario.units].sick = Outcome.MISMATCH
        return made

    def _say(self, message: Message) -> None:
        self.messages[type(message).__name__.removesuffix("Message").lower()] += 1

        def arrive() -> None:
            self._arrived.append(Arrived(message))
            self.most_results = max(self.most_results, len(self._arrived))

        self._clock.after(TRANSIT_S, arrive)

    def _come(self, unit: Unit) -> None:
        if not unit.online:
            unit.online = True
            self._beat_on(unit, unit.life)
            self._next(unit)

    def _go(self, unit: Unit, away_s: float) -> None:
        """It is gone, with what it was at; what waits for it alone waits on."""
        if not unit.online:
            return
        if unit.begun is not None:
            self.trouble["lost with a unit"] += 1
            self._under_way.discard(unit.begun)
        unit.online = unit.busy = False
        unit.begun, unit.life = None, unit.life + 1
        self._clock.after(away_s, lambda: self._come(unit))

    def _plan_outage(self, host: str) -> None:
        if not (often := self._scenario.outages_per_day):
            return

        def strike() -> None:
            away = self._chance.expovariate(1 / self._scenario.outage_s)
            self.trouble["outages of a host"] += 1
            for unit in self._units:
                if unit.host == host:
                    self._go(unit, away)
            self._plan_outage(host)

        self._clock.after(self._chance.expovariate(often / 86_400), strike)

    def _beat_on(self, unit: Unit, life: int) -> None:
        if unit.life == life and unit.online:
            self._beat(unit)
            self._clock.after(self._scenario.heartbeat_s, lambda: self._beat_on(unit, life))

    def _beat(self, unit: Unit) -> None:
        self._say(
            HeartbeatMessage(
                unit.device_type, unit.name, unit.host, self._scenario.heartbeat_s, unit.attended, unit.accepting, unit.at_once,
                unit.begun, 100 << 30,
            )
        )  # fmt: skip

    def _told(self, unit: Unit, message: ControlMessage | CheckMessage) -> None:
        if isinstance(message, CheckMessage):
            unit.checks.append(message)
        elif unit.online:
            unit.attended, unit.accepting, unit.at_once = True, message.accept, message.at_once
            self._beat(unit)
        self._next(unit)

    def _deliver(self, message: AttemptMessage, unit: str | None) -> None:
        if unit is not None:
            one = self._by_name[message.device_type, unit]
            one.own.append(message)
            self._next(one)
            return
        self._queues[message.device_type].append(message)
        for each in range(self._scenario.units):
            self._next(self._by_name[message.device_type, f"unit-{each + 1}"])

    def _next(self, unit: Unit) -> None:
        """Take up what comes next, if it is free."""
        if unit.busy or not unit.online:
            return
        if unit.checks:
            self._work(unit, CHECK_S, partial(self._checked, unit, unit.checks.popleft()))
            return
        queue = unit.own or self._queues[unit.device_type]
        if unit.accepting and queue:
            self._begin(unit, queue.popleft())

    def _work(self, unit: Unit, seconds: float, end: Callable[[], None]) -> None:
        unit.busy, life = True, unit.life

        def ended() -> None:
            if unit.life == life:
                unit.busy, unit.begun = False, None
                end()
                self._next(unit)

        self._clock.after(seconds, ended)

    def _checked(self, unit: Unit, check: CheckMessage) -> None:
        self._say(checked(check, "simulated: the canary differs" if unit.fails_checks else ""))

    def _begin(self, unit: Unit, message: AttemptMessage) -> None:
        unit.begun = message.attempt
        self._say(StartedMessage(message.attempt, message.token, unit.name))
        outcome = self._outcome(unit, message)
        seconds = min(message.limits.time_s, unit.speed * drawn(self._chance, REPLAY_S))
        if self._chance.random() < self._scenario.lost:
            self._clock.after(seconds * self._chance.random(), partial(self._die, unit, unit.life))
        told = report(message, unit.name, outcome, seconds, self._chance)
        self._work(unit, seconds, lambda: self._report(told))
        self.busy_s += seconds

    def _die(self, unit: Unit, life: int) -> None:
        if unit.life == life:
            self._go(unit, RESTART_S)

    def _report(self, told: ReportMessage) -> None:
        self._under_way.discard(told.attempt)
        for _ in range(1 + (self._chance.random() < self._scenario.doubled)):
            self.reported[told.attempt] += 1
            self._say(told)

    def _outcome(self, unit: Unit, message: AttemptMessage) -> Outcome:
        if unit.sick is not None:
            return unit.sick
        if self._chance.random() < self._scenario.infra:
            self.trouble["infra error"] += 1
            return Outcome.INFRA_ERROR
        if self._chance.random() < self._scenario.flaky:
            self.trouble["failed by chance"] += 1
            return Outcome.MISMATCH
        return truth(message.bundle, message.device_type)


def truth(bundle: str, device_type: str) -> Outcome:
    """What a bundle does on a device type, whoever runs it and how often."""
    digest = hashlib.sha256(f"{bundle} {device_type}".encode()).digest()
    place = int.from_bytes(digest[:4], "big") / 2**32
    if place < UNSUPPORTED:
        return Outcome.UNSUPPORTED_OP
    return Outcome.MISMATCH if place < UNSUPPORTED + FAILS else Outcome.PASS
