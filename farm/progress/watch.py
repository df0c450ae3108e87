"""Watching a submission until nothing of it is left to do, and showing how far it is."""

from __future__ import annotations

import time

from farm.clock import utc_now
from farm.coordinator.roster import coordination
from farm.database.engine import Database
from farm.errors import WaitTimeoutError
from farm.inventory import Inventory
from farm.planning.cost import CONVERSION, Speeds, read_runs
from farm.progress.display import Display
from farm.progress.reading import anybody_converts, read_progress
from farm.progress.stages import Progress, rests
from farm.reading.next_step import NextStep, remedy
from farm.states.wait_reason import WaitReason
from farm.submission.record import Remaining, Submitted, evidence_to_come, remaining
from farm.words import number_of

NO_CONVERTER = NextStep("nobody converts; start a converter, in the repository", "farm converter")
#: So long what keeps work waiting may be a matter of starting up, and nobody to convert one of having other things to do.
STARTS_S, CONVERTS_S = 3.0, 30.0
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
        self._began = self._converting = time.monotonic()
        self._said: set[NextStep] = set()

    def look(self) -> bool:
        """Look; ``True`` where nothing remains, or only what others do: where units are attended, the probes of verdicts, and
        the runs that are to tell the causes of regressions.

        Raises:
            WaitTimeoutError: something remains, and the time is over.
        """
        with self._database.read() as session:
            left = remaining(session, self._submitted)
            evidence = 0 if self._attended else evidence_to_come(session, self._submitted)
        if not left.verdicts and (self._attended or not (left.probes or evidence)):
            return True
        now = time.monotonic()
        if now >= self._next_show:
            self._show()
            self._next_show = time.monotonic() + self._display.every_s
        if self._deadline is not None and now >= self._deadline:
            if not left.verdicts:
                return True  # conditions and causes of verdicts that stand are found another time
            raise WaitTimeoutError(
                f"not done in the time that was allowed: {_words(left)}; it goes on where it is picked up"
            )
        return False

    def _show(self) -> None:
        now = utc_now()
        with self._database.read() as session:
            if time.monotonic() >= self._speeds_until:
                self._speeds = Speeds(read_runs(session, self._inventory))
                self._speeds_until = time.monotonic() + SPEEDS_LAST_S
            progress = read_progress(session, self._inventory, self._submitted, now, attended=self._attended)
            idle = bool(progress.conversion.queued) and not anybody_converts(session)
            coordinated = coordination(session, now).running
        self._display.show(progress, rests(progress, self._speeds))
        if self._attended:
            self._say_what_to_do(progress, idle=idle, coordinated=coordinated)

    def _say_what_to_do(self, progress: Progress, *, idle: bool, coordinated: bool) -> None:
        """Where work waits for something that somebody has to start or mend: what that is, each once.

        ``idle``: conversions wait, and none is under way.
        """
        now = time.monotonic()
        self._converting = self._converting if idle else now
        if now < self._began + STARTS_S:
            return
        reasons = {stage.name: WaitReason(stage.waits) for stage in progress.devices if stage.waits}
        if idle and not coordinated:
            reasons[CONVERSION] = WaitReason.NO_COORDINATOR
        steps = {name: remedy(reason, name) for name, reason in reasons.items()}
        if idle and coordinated and now >= self._converting + CONVERTS_S:
            steps[CONVERSION] = NO_CONVERTER
        for name, step in steps.items():
            if step not in self._said:
                self._display.say(f"farm: {name} waits: {step.text}: `{step.command}`")
                self._said.add(step)


def _words(left: Remaining) -> str:
    repeats = f", {left.repeats} conversions to repeat" if left.repeats else ""
    probes = f", conditions of {left.probes} verdicts to find" if left.probes else ""
    return f"{number_of(left.conversions, 'conversion')} and {number_of(left.jobs, 'job')} to go{repeats}{probes}"
