"""Watching a submission until nothing of it is left to do, and showing how far it is."""

from __future__ import annotations

import time

from farm.clock import utc_now
from farm.database.engine import Database
from farm.errors import WaitTimeoutError
from farm.inventory import Inventory
from farm.planning.cost import Speeds, read_runs
from farm.progress.display import Display
from farm.progress.reading import read_progress
from farm.progress.stages import rests
from farm.submission.record import Remaining, Submitted, remaining

#: How old figures of what work takes may be: a long submission brings better ones.
SPEEDS_LAST_S = 10.0


class Watch:
    """Whether a submission is done, and how long it took.

    Args:
        database: to look into.
        inventory: names the units.
        submitted: what is waited for.
        display: is shown how far it is, first after as long as from one look to the next: what is quick needs no words.
        timeout_s: for how long it is waited.
        attended: units are hosts of their own, on a broker.
    """

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        submitted: Submitted,
        display: Display,
        timeout_s: float | None,
        *,
        attended: bool,
    ) -> None:
        self._database, self._inventory, self._submitted = database, inventory, submitted
        self._display, self._attended = display, attended
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._next_show = time.monotonic() + display.every_s
        self._speeds, self._speeds_until = Speeds(()), 0.0

    def look(self) -> bool:
        """Look; ``True`` where nothing remains, or only what others do: where units are attended, the probes of verdicts.

        Raises:
            WaitTimeoutError: something remains, and the time is over.
        """
        with self._database.read() as session:
            left = remaining(session, self._submitted)
        if not left.verdicts and (self._attended or not left.probes):
            return True
        now = time.monotonic()
        if now >= self._next_show:
            self._show()
            self._next_show = time.monotonic() + self._display.every_s
        if self._deadline is not None and now >= self._deadline:
            if not left.verdicts:
                return True  # conditions of verdicts that stand are found another time
            raise WaitTimeoutError(
                f"not done in the time that was allowed: {_words(left)}; it goes on where it is picked up"
            )
        return False

    def _show(self) -> None:
        with self._database.read() as session:
            if time.monotonic() >= self._speeds_until:
                self._speeds = Speeds(read_runs(session, self._inventory))
                self._speeds_until = time.monotonic() + SPEEDS_LAST_S
            progress = read_progress(session, self._inventory, self._submitted, utc_now(), attended=self._attended)
        self._display.show(progress, rests(progress, self._speeds))


def _words(left: Remaining) -> str:
    repeats = f", {left.repeats} conversions to repeat" if left.repeats else ""
    probes = f", conditions of {left.probes} verdicts to find" if left.probes else ""
    return f"{left.conversions} conversions and {left.jobs} jobs to go{repeats}{probes}"
