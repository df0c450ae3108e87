"""One of several coordinators on one database, as a process: ``python -m tests.farm.coordinator.racer URL FOLDER SEED``.

Messages of units lie in ``FOLDER``, for whichever coordinator takes them first; some are lost, some come twice. Leases are
short, so that all coordinators sweep at once.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.coordinator import dispatch, loop, merge
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.database.models import Attempt, Job
from farm.inventory import Inventory
from farm.protocol import AttemptMessage, Message, StartedMessage, decode, encode
from farm.states.jobs import OPEN_ATTEMPTS, OPEN_JOBS
from farm.wires import Addressed
from tests.farm.databases import INVENTORY
from tests.farm.rows import report

LEASE_S = 1.0
LOST, DOUBLED = 0.05, 0.1
WITHIN_S = 200.0


@dataclass
class Delivered:
    message: Message
    signer: str | None = None

    def acknowledge(self) -> None: ...


class FolderWire:
    """Units that answer at once, through a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._random = folder, random.Random(seed)
        self.attended = False

    def send_all(self, attempts: Sequence[Addressed]) -> None:
        for each in attempts:
            self._answer(each.message)

    def _answer(self, message: AttemptMessage) -> None:
        if self._random.random() < LOST:
            return
        self._put(StartedMessage(message.attempt, message.token, f"unit-{self._random.randrange(3)}"))
        if self._random.random() < LOST:
            return
        for _ in range(2 if self._random.random() < DOUBLED else 1):
            self._put(report(message))

    def receive(self, timeout_s: float) -> Delivered | None:
        waiting = sorted(self._folder.glob("*.json"))
        self._random.shuffle(waiting)
        for path in waiting:
            with contextlib.suppress(FileNotFoundError):  # the other one was quicker
                mine = path.rename(path.with_suffix(".taken"))
                data = mine.read_bytes()
                mine.unlink()
                return Delivered(decode(data))
        return None

    def _put(self, message: Message) -> None:
        path = self._folder / f"{uuid.uuid4().hex}.new"
        path.write_bytes(encode(message))
        path.rename(path.with_suffix(".json"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def on_the_wire(session: Session) -> Counter[str]:
    """Attempts under way by device type, without those that a unit began after they had been given up."""
    attempts = session.scalars(select(Attempt).where(Attempt.state.in_(OPEN_ATTEMPTS)))
    in_time = [a for a in attempts if (a.lease_until - a.dispatched).total_seconds() < 2 * LEASE_S]
    return Counter(a.job.device_type.name for a in in_time)


def main(url: str, folder: str, seed: str) -> None:
    loop.SWEEP_EVERY_S = 0.1
    dispatch.lease_s = merge.lease_s = lambda *_, **__: LEASE_S  # type: ignore[attr-defined]
    database, deadline = Database(url), time.monotonic() + WITHIN_S
    inventory = Inventory.model_validate(INVENTORY)
    window = inventory.queue.window

    def over() -> bool:
        assert time.monotonic() < deadline, "not done in time"
        with database.read() as session:
            for device, number in on_the_wire(session).items():
                assert number <= window * inventory.device(device).units, f"{number} attempts on the wire to {device}"
            return session.scalar(select(Job.id).where(Job.state.in_(OPEN_JOBS)).limit(1)) is None

    Coordinator(database, inventory, FolderWire(Path(folder), int(seed))).run(over)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
