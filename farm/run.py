"""Carrying a submission through on this machine, or waiting for those who do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from farm.conversion.background import BackgroundConverter
from farm.conversion.converter import Converter, Progress
from farm.conversion.repeater import Repeated
from farm.conversion.wire import Begun, Result
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.errors import WaitTimeoutError
from farm.git import Repository
from farm.inventory import Inventory
from farm.local_turn import LocalTurn, take_up_orphans
from farm.notifications.delivery import delivering
from farm.settings import HostSettings, Settings
from farm.submission import Remaining, Submitted, remaining
from farm.wires.local import LocalWire

#: How this machine's own units are called in the table.
LOCAL_UNIT = "local"
POLL_S = 0.5
SAY_EVERY_S = 10.0

Say = Callable[[str], None]


def run_here(
    database: Database,
    inventory: Inventory,
    repository: Repository,
    settings: Settings,
    submitted: Submitted,
    say: Say,
    timeout_s: float | None = None,
) -> None:
    """Convert and replay everything that ``submitted`` wants, with no broker: the converter in a thread, attempts beside it.

    Raises:
        WaitTimeoutError: it is not done after ``timeout_s`` seconds; what was begun stays in the database.
    """
    watch = _Watch(database, submitted, say, timeout_s)
    host = HostSettings(settings.store_url, settings.cache, LOCAL_UNIT, settings.cache_limit_bytes)
    with LocalTurn(database, settings.data) as turn:
        while not turn.taken():
            if watch.look():  # the process that has the turn did our work too: the queue is one
                return
            time.sleep(POLL_S)
        take_up_orphans(database)
        converter = Converter(database, inventory, repository, settings.store_url)
        with (
            delivering(database, inventory),
            BackgroundConverter(converter, _telling(say)) as converting,
            LocalWire(host, parallel=os.cpu_count() or 1) as wire,
        ):

            def over() -> bool:
                converting.check()
                return watch.look()

            Coordinator(database, inventory, wire).run(over)


def wait_for(database: Database, submitted: Submitted, say: Say, timeout_s: float | None = None) -> None:
    """Wait until others have done what ``submitted`` wants; raises :class:`~farm.errors.WaitTimeoutError`."""
    watch = _Watch(database, submitted, say, timeout_s)
    while not watch.look():
        time.sleep(POLL_S)


class _Watch:
    """Whether a submission is done, how long it took, and a word on it from time to time."""

    def __init__(self, database: Database, submitted: Submitted, say: Say, timeout_s: float | None) -> None:
        self._database, self._submitted, self._say = database, submitted, say
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._next_word = time.monotonic() + SAY_EVERY_S

    def look(self) -> bool:
        """Look; ``True`` where nothing remains."""
        with self._database.read() as session:
            left = remaining(session, self._submitted)
        if not left:
            return True
        now = time.monotonic()
        if now >= self._next_word:
            self._say(f"farm: {_words(left)}")
            self._next_word = now + SAY_EVERY_S
        if self._deadline is not None and now >= self._deadline:
            raise WaitTimeoutError(
                f"not done in the time that was allowed: {_words(left)}; it goes on where it is picked up"
            )
        return False


def _words(left: Remaining) -> str:
    repeats = f", {left.repeats} conversions to repeat" if left.repeats else ""
    return f"{left.conversions} conversions and {left.jobs} jobs to go{repeats}"


def _telling(say: Say) -> Progress:
    def tell(event: Begun | Result | Repeated) -> None:
        if isinstance(event, Repeated):
            end = "is the same again" if event.difference is None else f"NONDETERMINISTIC: {event.difference}"
            say(f"farm: {event.key} {end} ({event.seconds:.1f} s)")
        elif isinstance(event, Result):
            end = f"{event.outcome}: {event.message}" if event.outcome else "converted"
            say(f"farm: {event.key} {end} ({event.seconds:.1f} s)")

    return tell
