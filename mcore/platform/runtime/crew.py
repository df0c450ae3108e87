"""The steps of a plan, run by one process or by several that share its lanes."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from mcore.platform.runtime.step import Lane, Step, Together, shares, walk

if TYPE_CHECKING:
    from mcore.platform.runtime.helper import Helper


class Crew:
    """Runs ``steps`` on up to ``size`` processes: the caller's, and helpers that are forked from it on first use.

    There are no more of them than can work at once: than the plan has lanes, and than the caller may use processors. Where
    there are no forks, or libraries that do not bear them (all but Linux), the caller is alone. The helpers end with the crew,
    and after a run that failed.
    """

    def __init__(self, steps: Sequence[Step | Together], size: int) -> None:
        self._steps = tuple(steps)
        most = max((len(step.lanes) for step in steps if isinstance(step, Together)), default=1)
        self.size = min(size, most, processors())
        self._walked: list[Step] | None = None
        self._helpers: list[Helper] = []
        self._disband: Callable[[], object] = _nothing

    @property
    def helpers(self) -> list[int]:
        """The processes that help, if there are any yet."""
        return [helper.process for helper in self._helpers]

    def run(self, begin: Callable[[], None]) -> None:
        """``begin``, while the helpers wake up, then all steps. Raises what any of them raised."""
        try:
            steps = self._started()
            for helper in self._helpers:
                helper.wake()
            begin()
            walk(steps)
        except BaseException:  # helpers may wait for lanes that are never given; the next run has new ones
            self._end()
            raise

    def _started(self) -> list[Step]:
        """The caller's steps, those that hand over among them."""
        if self._walked is None:
            if self.size > 1:
                self._enlist()
            self._walked = list(self._own())
        return self._walked

    def _enlist(self) -> None:
        from mcore.platform.runtime.helper import (
            Helper,
        )  # sockets and semaphores take as long to import as all the rest

        self._disband = weakref.finalize(self, _end, self._helpers)
        for place in range(1, self.size):
            self._helpers.append(Helper(list(self._lanes(place))))

    def _own(self) -> Iterator[Step]:
        for step in self._steps:
            if not isinstance(step, Together):
                yield step
                continue
            own, *others = shares(step.lanes, self.size)
            helpers = self._helpers[: len(others)]
            yield from (Step(helper.give, (), None) for helper in helpers)
            yield from (step for lane in own for step in lane)
            yield from (Step(helper.take, (), None) for helper in helpers)

    def _lanes(self, place: int) -> Iterator[Lane]:
        """What falls to the helper at ``place``, a lane for each time that it is given one."""
        for step in self._steps:
            if isinstance(step, Together) and len(parts := shares(step.lanes, self.size)) > place:
                yield tuple(step for lane in parts[place] for step in lane)

    def _end(self) -> None:
        self._disband()
        self._disband, self._helpers, self._walked = _nothing, [], None


def processors() -> int:
    """How many processes of a crew can run at once."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _end(helpers: list[Helper]) -> None:
    while helpers:
        helpers.pop().end()


def _nothing() -> None:
    pass
