"""The coordinator's loop: sweep, dispatch, merge; the same for both wires."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from farm.clock import CLOCK, Clock
from farm.coordinator.deadline import SETTLE, expire
from farm.coordinator.dispatch import dispatch, send, take
from farm.coordinator.inbox import Inbox
from farm.coordinator.keeper import attend, hear_unit, sweep_checks, take_back_unsent, why_unheard
from farm.coordinator.merge import merge_all
from farm.coordinator.roster import Entry
from farm.coordinator.sweep import sweep
from farm.database.engine import Database
from farm.database.records import record_event
from farm.errors import BrokerError, FarmError, InfrastructureError
from farm.inventory import Inventory
from farm.prediction.learning import learn_anew
from farm.protocol import RESULTS_QUEUE, Message, OfAttempt, StartedMessage
from farm.units.leases import lease_margin_s
from farm.wires import Addressed, Wire
from farm.wires.refused import Refused

log = logging.getLogger("farm.coordinator")
SWEEP_EVERY_S = 5.0
EXPIRE_EVERY_S = 60.0
LEARN_EVERY_S = 60.0
ROUND_EVERY_S = 0.5
RECEIVE_S = 0.2
MOST_AT_ONCE = 256
BACK_OFF_S = 2.0


class Coordinator:
    """Moves jobs until it is told to stop. Two coordinators on one database do no harm: every move is guarded.

    Args:
        clock: what times its rounds, and all that it enters.
        check: raises :class:`~farm.errors.InfrastructureError` where nothing may be timed by it; asked every few seconds.

    Raises:
        InventoryError: its leases would be shorter than what a host may need.
    """

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        wire: Wire,
        clock: Clock = CLOCK,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._inventory, self._wire, self._clock = database, inventory, wire, clock
        self._check = check
        self._margin_s = lease_margin_s(inventory)
        self._entry = Entry(database)
        self._next_sweep = self._next_round = 0.0
        self._next_expiry = self._clock.monotonic() + SETTLE.total_seconds()
        self._next_lesson = self._clock.monotonic() + LEARN_EVERY_S
        self._trouble: BrokerError | None = None
        self._inbox = Inbox(wire, clock)
        self._unheard = Refused(RESULTS_QUEUE)

    def step(self, wait_s: float = RECEIVE_S) -> bool:
        """One round; ``True`` where anything moved. Raises :class:`~farm.errors.InfrastructureError`."""
        moved = 0
        if self._clock.monotonic() >= self._next_sweep:
            self._check()
            self._entry.renew(self._clock.now(), self._trouble)
            moved += sweep(self._database, self._clock.now())
            moved += sweep_checks(self._database, self._clock.now()) if self._wire.attended else 0
            self._next_sweep = self._clock.monotonic() + SWEEP_EVERY_S
        if self._clock.monotonic() >= self._next_expiry:
            moved += expire(self._database, self._inventory, self._clock.now(), attended=self._wire.attended)
            self._next_expiry = self._clock.monotonic() + EXPIRE_EVERY_S
        if self._clock.monotonic() >= self._next_lesson:
            self._learn()
        sending = False
        try:
            self._attend_units()
            moved += dispatch(
                self._database, self._inventory, self._wire, self._clock.now(), attended=self._wire.attended
            )
            sending = True
        finally:
            # Also where nothing could be sent: a broker that is full becomes empty by what is taken from it.
            moved += self._merge_what_arrived(wait_s, sending=sending)
        if self._trouble is not None:
            self._tell(None)
        return bool(moved)

    def run(self, until: Callable[[], bool]) -> None:
        """Step until ``until`` says so; a database or broker that is away is waited for."""
        try:
            while not until():
                try:
                    self.step()
                except InfrastructureError as error:
                    log.warning("%s; trying again", error)
                    if isinstance(error, BrokerError):
                        self._tell(error)
                    time.sleep(BACK_OFF_S)
            self._learn()
        finally:
            self._unheard.sum_up()
            with contextlib.suppress(InfrastructureError):
                self._entry.leave()

    def _learn(self) -> None:
        """Learn what devices can do from what they did. Only predictions hang on it: what goes wrong stops no queue."""
        self._next_lesson = self._clock.monotonic() + LEARN_EVERY_S
        try:
            learn_anew(self._database, self._inventory)
        except InfrastructureError as error:
            log.warning("%s; what devices can do is learnt later", error)
        except Exception:
            log.exception("what devices can do cannot be learnt")

    def _merge_what_arrived(self, wait_s: float, *, sending: bool) -> int:
        """Merge what comes in ``wait_s`` seconds, and in the same turn fill the room that becomes free by it."""
        merged, until = 0, self._clock.monotonic() + wait_s
        unsent: InfrastructureError | None = None
        # However many there are: leases run, and units want to be told things.
        while merged < MOST_AT_ONCE and (held := self._inbox.take(until - self._clock.monotonic())):
            taken = self._merge([(delivery.message, delivery.signer) for delivery in held], dispatching=sending)
            try:
                send(self._database, self._wire, taken, self._clock.now())
            except InfrastructureError as error:
                unsent, sending = error, False
            merged += self._inbox.settle()
        if unsent is not None:
            raise unsent
        return merged

    def _attend_units(self) -> None:
        """Tell units what they do not do yet, and have those checked whose turn it is."""
        if not self._wire.attended or self._clock.monotonic() < self._next_round:
            return
        self._next_round = self._clock.monotonic() + ROUND_EVERY_S
        messages = attend(self._database, self._inventory, self._clock.now(), self._margin_s)
        for place, message in enumerate(messages):
            try:
                self._wire.tell(message)
            except InfrastructureError:
                take_back_unsent(self._database, self._inventory, messages[place:], self._clock.now())
                raise

    def _merge(self, messages: Sequence[tuple[Message, str | None]], *, dispatching: bool) -> list[Addressed]:
        """Merge what is said of attempts, all of it together, and hear the rest; what is then to be sent."""
        of_attempts = [(m, signer) for m, signer in messages if isinstance(m, OfAttempt)]
        for message, signer in messages:
            if not isinstance(message, OfAttempt):
                self._hear(message, signer)
        if not of_attempts:
            return []
        taken: list[Addressed] = []

        def fill(session: Session, now: datetime) -> None:
            taken.extend(take(session, self._inventory, now, attended=self._wire.attended))

        room = dispatching and not all(isinstance(message, StartedMessage) for message, _ in of_attempts)
        try:
            self._merge_all(of_attempts, fill if room else None)
        except FarmError:
            raise
        except Exception:
            log.warning(
                "%d messages cannot be merged together; merging them one by one", len(of_attempts), exc_info=True
            )
            for each in of_attempts:
                self._merge_alone(each)
            return []
        return taken

    def _merge_alone(self, message: tuple[OfAttempt, str | None]) -> None:
        """Merge one of those of which some cannot be merged; that one is let go of."""
        try:
            self._merge_all([message])
        except FarmError:
            raise
        except Exception:
            self._drop(message[0])

    def _merge_all(
        self,
        messages: Sequence[tuple[OfAttempt, str | None]],
        then: Callable[[Session, datetime], None] | None = None,
    ) -> None:
        fates = merge_all(self._database, messages, self._clock.now(), margin_s=self._margin_s, then=then)
        for (message, _), fate in zip(messages, fates, strict=True):
            log.info("attempt %s: message %s", message.attempt, fate, extra=_about(message))

    def _hear(self, message: Message, signer: str | None) -> None:
        """Hear what a unit says of itself; what cannot be entered is let go of, as of attempts."""
        try:
            heard = hear_unit(self._database, self._inventory, message, self._clock.now(), signer, self._margin_s)
        except FarmError:
            raise
        except Exception:
            log.exception("a %s cannot be entered, and is dropped", type(message).__name__)
            return
        if not heard:
            self._unheard.add(why_unheard(self._inventory, message))

    def _drop(self, message: OfAttempt) -> None:
        """Let go of one that cannot be merged: it must not come again and again, before all others."""
        log.exception("attempt %s: its message cannot be merged", message.attempt, extra=_about(message))
        with self._database.write() as session:
            record_event(session, "message dropped", message.attempt, self._clock.now())
        log.info("attempt %s: message dropped", message.attempt, extra=_about(message))

    def _tell(self, trouble: BrokerError | None) -> None:
        """Let those who ask why jobs wait know of trouble with the broker, or its end; without a database nobody can ask."""
        self._trouble = trouble
        with contextlib.suppress(InfrastructureError):
            self._entry.renew(self._clock.now(), trouble)


def _about(message: OfAttempt) -> dict[str, str]:
    """What a record on a message is about, for logs that are gathered."""
    unit = getattr(message, "unit", "")
    return {"attempt": message.attempt, **({"unit": unit} if unit else {})}
