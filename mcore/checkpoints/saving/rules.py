"""Rules of saving: what is worth a checkpoint, and which checkpoints stay. Values in, values out.

A rule is asked twice. ``wants`` says whether the moment that training is at is to be saved; ``keeps`` says which of those that
were saved are to stay. A combination saves what either part (``|``), or both (``&``), want, and keeps likewise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from mcore.checkpoints.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a training.

    Args:
        number: grows from moment to moment.
        metrics: computed there.
        epoch, step: counted by the training.
        artefacts: anything else that was computed; only there at the moment itself, not when training was resumed.
        wanted: names of the :class:`When` rules that wanted it.
    """

    number: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    epoch: int | None = None
    step: int | None = None
    artefacts: Mapping[str, Any] = field(default_factory=dict)
    wanted: Set[str] = frozenset()


class Rule:
    """Base of the rules."""

    def wants(self, moment: Moment, saved: Sequence[Moment]) -> bool:
        """Whether to save ``moment``; ``saved`` are the moments whose checkpoints are there, oldest first."""
        raise NotImplementedError

    def keeps(self, saved: Sequence[Moment]) -> set[int]:
        """Numbers of the moments whose checkpoints are to stay."""
        raise NotImplementedError

    def judged(self, moment: Moment, saved: Sequence[Moment]) -> tuple[bool, set[str]]:
        """What :meth:`wants` says, and names of the :class:`When` rules in it that want ``moment``; each is asked once."""
        return self.wants(moment, saved), set()

    def __or__(self, other: Rule) -> Rule:
        return _Combined((self, other), any)

    def __and__(self, other: Rule) -> Rule:
        return _Combined((self, other), all)


@dataclass(frozen=True, slots=True)
class Best(Rule):
    """The best ``keep`` by a metric.

    Args:
        metric: its name.
        mode: ``max`` where more is better, ``min`` where less is.
        keep: how many stay.
        min_delta: by how much a moment must be better than the worst of the best to be saved.
    """

    metric: str
    mode: Literal["max", "min"]
    keep: int = 1
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in ("max", "min"):
            raise CheckpointError(f"Best({self.metric!r}): mode is max or min, not {self.mode!r}")
        _check_count("Best", self.keep)

    def wants(self, moment: Moment, saved: Sequence[Moment]) -> bool:
        if self.metric not in moment.metrics:
            there = ", ".join(moment.metrics) or "none"
            raise CheckpointError(f"Best({self.metric!r}): there is no such metric; there are {there}")
        score = self._score(moment)
        if math.isnan(score):
            return False
        best = self._ranked(saved)[: self.keep]
        return len(best) < self.keep or score > self._score(best[-1]) + self.min_delta

    def keeps(self, saved: Sequence[Moment]) -> set[int]:
        return {moment.number for moment in self._ranked(saved)[: self.keep]}

    def _ranked(self, saved: Sequence[Moment]) -> list[Moment]:
        """From the best on; of equal ones the older first."""
        scored = [moment for moment in saved if not math.isnan(self._score(moment))]
        return sorted(scored, key=self._score, reverse=True)

    def _score(self, moment: Moment) -> float:
        value = moment.metrics.get(self.metric, math.nan)
        return value if self.mode == "max" else -value


@dataclass(frozen=True, slots=True)
class Last(Rule):
    """Every moment; the last ``keep`` stay."""

    keep: int = 1

    def __post_init__(self) -> None:
        _check_count("Last", self.keep)

    def wants(self, moment: Moment, saved: Sequence[Moment]) -> bool:
        return True

    def keeps(self, saved: Sequence[Moment]) -> set[int]:
        return {moment.number for moment in saved[-self.keep :]}


@dataclass(frozen=True, slots=True)
class Every(Rule):
    """Every so many epochs, or steps; all of them stay, or the last ``keep``. Epochs are counted from 0: the third is 2."""

    epochs: int | None = None
    steps: int | None = None
    keep: int | None = None

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.steps is None):
            raise CheckpointError("Every: say either epochs or steps")
        _check_count("Every", *(n for n in (self.epochs, self.steps, self.keep) if n is not None))

    def wants(self, moment: Moment, saved: Sequence[Moment]) -> bool:
        if self.epochs is not None:
            if moment.epoch is None:
                raise CheckpointError("Every(epochs=...): the epoch is not said")
            return (moment.epoch + 1) % self.epochs == 0
        if moment.step is None:
            raise CheckpointError("Every(steps=...): the step is not said")
        return moment.step > 0 and moment.step % (self.steps or 1) == 0

    def keeps(self, saved: Sequence[Moment]) -> set[int]:
        counted = [m for m in saved if (m.epoch if self.epochs is not None else m.step) is not None]
        mine = [m for m in counted if self.wants(m, ())]
        return {moment.number for moment in (mine if self.keep is None else mine[-self.keep :])}


@dataclass(frozen=True, slots=True)
class When(Rule):
    """Whenever a function of the moment says so; all that it wanted stay, or the last ``keep``.

    Args:
        condition: given the :class:`Moment`, and with it the metrics and every artefact that was passed to the saver.
        name: by which it knows what it wanted after training was resumed; by default that of the function.
        keep: how many stay.
    """

    condition: Callable[[Moment], bool]
    name: str = ""
    keep: int | None = None

    def __post_init__(self) -> None:
        if self.keep is not None:
            _check_count("When", self.keep)

    def wants(self, moment: Moment, saved: Sequence[Moment]) -> bool:
        return bool(self.condition(moment))

    def keeps(self, saved: Sequence[Moment]) -> set[int]:
        mine = [moment.number for moment in saved if self._name in moment.wanted]
        return set(mine if self.keep is None else mine[-self.keep :])

    def judged(self, moment: Moment, saved: Sequence[Moment]) -> tuple[bool, set[str]]:
        wanted = self.wants(moment, saved)
        return wanted, {self._name} if wanted else set()

    @property
    def _name(self) -> str:
        return self.name or getattr(self.condition, "__qualname__", type(self.condition).__name__)


@dataclass(frozen=True, slots=True)
class _Combined(Rule):
    rules: tuple[Rule, ...]
    how: Callable[[Sequence[bool]], bool]

    def wants(self, moment: Moment, saved: Sequence[Moment]) -> bool:
        return self.how([rule.wants(moment, saved) for rule in self.rules])

    def keeps(self, saved: Sequence[Moment]) -> set[int]:
        first, second = (rule.keeps(saved) for rule in self.rules)
        return first | second if self.how is any else first & second

    def judged(self, moment: Moment, saved: Sequence[Moment]) -> tuple[bool, set[str]]:
        said = [rule.judged(moment, saved) for rule in self.rules]
        return self.how([wanted for wanted, _ in said]), {name for _, names in said for name in names}


def rule_of(given: Rule | Callable[[Moment], bool]) -> Rule:
    """A rule; a function of the moment is one."""
    return given if isinstance(given, Rule) else When(given)


def _check_count(what: str, *counts: int) -> None:
    if any(count < 1 for count in counts):
        raise CheckpointError(f"{what}: a count is 1 or more")
