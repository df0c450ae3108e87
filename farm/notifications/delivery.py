"""Sending what stands in the outbox, in a thread beside the coordinator: a target that hangs holds up no job.

Between sending and recording that it was taken a process may end: then it is sent again, under the same id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from farm.clock import utc_now
from farm.database import outbox
from farm.database.engine import Database
from farm.errors import InfrastructureError
from farm.failpoints import failpoint
from farm.inventory import Inventory
from farm.notifications.submissions import finish_submissions
from farm.notifications.targets import Target, load_targets
from farm.posting import PostError, post

log = logging.getLogger("farm.notifications")
AT_ONCE = 20
#: Between two looks: where somebody is told, and where submissions are only noted.
LOOK_EVERY_S, NOTE_EVERY_S = 1.0, 5.0
TIDY_EVERY_S, BACK_OFF_S = 600.0, 5.0
#: For what is to be told at the very end of a command, on top of a target's own time.
GRACE_S = 2.0


class Delivery:
    """Sends to some targets, each of which may be silent for ``timeout_s``; gives up after ``tries``."""

    def __init__(self, database: Database, targets: Sequence[Target], *, tries: int, timeout_s: float) -> None:
        self._database, self._tries, self.timeout_s = database, tries, timeout_s
        self.targets = {target.name: target for target in targets}

    def step(self, now: Callable[[], datetime] = utc_now) -> int:
        """Send what is due; how many were taken.

        Raises:
            InfrastructureError: the database cannot be used.
        """
        kinds = {name: target.kinds for name, target in self.targets.items()}
        with self._database.read() as session:
            unaddressed = outbox.has_unaddressed(session)
        if unaddressed:
            with self._database.write(in_turn=True) as session:
                outbox.address(session, kinds)
        return sum(self._send_all(target, now) for target in self.targets.values())

    def tidy(self, now: datetime) -> None:
        """Forget what is settled long since."""
        with self._database.write() as session:
            outbox.tidy(session, self.targets, now)

    def _send_all(self, target: Target, now: Callable[[], datetime]) -> int:
        """What is due for one target. Where it takes none, the others wait: they would wait for it one after another."""
        with self._database.read() as session:
            due = outbox.due_rows(session, target.name, now(), AT_ONCE)
        taken = 0
        for row in due:
            with self._database.write() as session:
                claimed = outbox.claim(session, row, now())
            if claimed is None:
                continue
            if not self._send(target, claimed, now):
                break
            taken += 1
        return taken

    def _send(self, target: Target, claimed: outbox.Claim, now: Callable[[], datetime]) -> bool:
        said, wanted_s = claimed.notification, None
        body, headers = target.request(said, now())
        try:
            answer = post(target.url, body, headers, self.timeout_s)
        except PostError as error:
            why = str(error)
        else:
            failpoint("notify.sent")
            if answer.taken:
                with self._database.write() as session:
                    outbox.delivered(session, claimed, now())
                return True
            why, wanted_s = f"it answers {answer.status}", answer.retry_after_s
        with self._database.write() as session:
            over = outbox.not_taken(session, claimed, why, now(), self._tries, wanted_s)
        end = f"given up after {claimed.tries} tries" if over else "to be tried again"
        log.warning("the %s did not take notification %s (%s): %s; %s", target.name, said.id, said.kind, why, end)
        return False


def delivering(database: Database, inventory: Inventory) -> BackgroundDelivery:
    """Delivers to whom the environment names; raises :class:`~farm.errors.UsageError` where a URL is none."""
    section = inventory.notifications
    delivery = Delivery(database, load_targets(section), tries=section.tries, timeout_s=section.timeout_s)
    return BackgroundDelivery(delivery, lambda: finish_submissions(database, inventory, utc_now()))


class BackgroundDelivery:
    """Delivers from entering to leaving; leaving waits for what is due then, but not long: the rest is for the next process.

    Before each look it does what there is to ``note``: changes of state that nobody else sees.
    """

    def __init__(self, delivery: Delivery, note: Callable[[], object]) -> None:
        self._delivery, self._note = delivery, note
        self._stop = threading.Event()
        # No reason to keep a process that is told to end: what is not sent stays in the outbox.
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(self._delivery.targets.values())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(self._delivery.timeout_s + GRACE_S)

    def _run(self) -> None:
        rest_s, next_tidy = 0.0, time.monotonic()
        every_s = LOOK_EVERY_S if self._delivery.targets else NOTE_EVERY_S
        while not self._stop.wait(rest_s):
            rest_s = every_s if self._look() else BACK_OFF_S
            if time.monotonic() >= next_tidy and self._without_trouble(lambda: self._delivery.tidy(utc_now())):
                next_tidy = time.monotonic() + TIDY_EVERY_S
        self._look()

    def _look(self) -> bool:
        noted = self._without_trouble(self._note)  # what is told does not wait for it
        return self._without_trouble(self._delivery.step) and noted

    def _without_trouble(self, work: Callable[[], object]) -> bool:
        """Whether it was done. Nothing ends the thread: what it is for must not be lost for one odd row."""
        try:
            work()
        except InfrastructureError as error:
            log.warning("%s; trying again", error)
            return False
        except Exception:
            log.exception("notifications cannot be delivered")
            return False
        return True
