"""Carrying a submission through on this machine, or waiting for those who do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from farm.conversion.background import BackgroundConverter
from farm.conversion.converter import Converter, Progress
from farm.conversion.prober import Probed
from farm.conversion.repeater import Repeated
from farm.conversion.wire import Begun, Result
from farm.coordinator.loop import Coordinator
from farm.database.engine import Database
from farm.git import Repository
from farm.inventory import Inventory
from farm.notifications.delivery import delivering
from farm.progress.display import Display
from farm.progress.watch import Watch
from farm.running.local_turn import LocalTurn, take_up_orphans
from farm.settings import HostSettings, Settings
from farm.submission.record import Submitted
from farm.wires.local import LocalWire

#: How this machine's own units are called in the table.
LOCAL_UNIT = "local"
POLL_S = 0.5

Say = Callable[[str], None]


def run_here(
    database: Database,
    inventory: Inventory,
    repository: Repository,
    settings: Settings,
    submitted: Submitted,
    display: Display,
    timeout_s: float | None = None,
) -> None:
    """Convert and replay everything that ``submitted`` wants, with no broker: the converter in a thread, attempts beside it.

    Nobody else would find the conditions of what is PARTIAL, or the causes of regressions: that is waited for too, as far as
    the time allows.

    Raises:
        WaitTimeoutError: it is not done after ``timeout_s`` seconds; what was begun stays in the database.
    """
    watch = Watch(database, inventory, submitted, display, timeout_s, attended=False)
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
            BackgroundConverter(converter, _telling(display.say)) as converting,
            LocalWire(host, parallel=os.cpu_count() or 1) as wire,
        ):

            def over() -> bool:
                converting.check()
                return watch.look()

            Coordinator(database, inventory, wire).run(over)


def wait_for(
    database: Database, inventory: Inventory, submitted: Submitted, display: Display, timeout_s: float | None = None
) -> None:
    """Wait until others have done what ``submitted`` wants; raises :class:`~farm.errors.WaitTimeoutError`."""
    watch = Watch(database, inventory, submitted, display, timeout_s, attended=True)
    while not watch.look():
        time.sleep(POLL_S)


def _telling(say: Say) -> Progress:
    def tell(event: Begun | Result | Repeated | Probed) -> None:
        if isinstance(event, Probed):
            sizes = ", ".join(map(str, event.sizes))
            say(f"farm: {event.key} " + (f"is tried at {sizes}" if sizes else f"is not probed: {event.message}"))
        elif isinstance(event, Repeated):
            end = "is the same again" if event.difference is None else f"NONDETERMINISTIC: {event.difference}"
            say(f"farm: {event.key} {end} ({event.seconds:.1f} s)")
        elif isinstance(event, Result):
            end = f"{event.outcome}: {event.message}" if event.outcome else "converted"
            say(f"farm: {event.key} {end} ({event.seconds:.1f} s)")

    return tell
