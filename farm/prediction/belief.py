"""What a device type's passes and failures say of each trait, and of a graph that it has not run; pure.

This is group testing: a graph is a pooled test of its traits. A trait works on a device type or it does not. A graph with one
that does not work fails; a graph of traits that all work fails too, with a small rate, for a reason that no trait explains.
Where what matters is finer than traits, a graph passes in spite of one that does not work, with the rate ``DESPITE``.

Of each trait the probability that it works is computed by belief propagation, the sum-product algorithm on the graph of traits
and failures (Pearl, Probabilistic Reasoning in Intelligent Systems, 1988, chapter 4; Kschischang, Frey and Loeliger, Factor
Graphs and the Sum-Product Algorithm, IEEE Trans. Inf. Theory 47, 2001; for pooled tests: Sejdinovic and Johnson, Note on Noisy
Group Testing, Allerton 2010). It is exact where failures share no suspects in a ring, and an approximation otherwise. A pass
multiplies the odds of each trait of its graph by ``1 / DESPITE``; a failure with suspects S and the rate e of other reasons
multiplies those of f in S by ``1 - (1 - e) * product of q(t) over t in S without f``, q being the others' probabilities as far
as this very failure has not shaped them. How often ops and traits do not work at all, and e, are learnt from the same data
(empirical Bayes), each with a start that counts as ``START`` trials.

The chance of a graph is not the product over its traits: of the suspects of one failure, one or more do not work, so those
that share it are not independent. They are taken one after the other, each given that those before it work: exact for the
suspects of one failure, near where several failures share some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from farm.prediction.traits import op_of
from farm.states.prediction import Prediction

DESPITE = 0.05
#: What is taken for granted of a device type that nothing is known of, and as how many trials it counts.
OP_WORKS = 0.95
TRAIT_WORKS = 0.99
OTHER_REASON = 0.02
START = 10.0
#: The rate of other reasons where the device itself said what it lacks.
MISTAKEN = 1e-3
SWEEPS = 200
_SETTLED = 1e-6
_DAMPING = 0.5
_LEAST = 1e-12
#: What is surer than this is not asked about one by one.
_SURE = 1 - 1e-6
#: A trait that is more likely broken than not blocks what has it.
BLOCKS_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class Failure:
    """One or more of ``suspects`` do not work, unless there is another reason; without suspects, there is another reason.

    ``said`` by the device itself, such a failure is hardly a mistake.
    """

    suspects: frozenset[str]
    said: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """What a device type made of one graph with these traits: it passed, or it failed in as many ways as are told apart."""

    traits: frozenset[str]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Belief:
    """What is believed of a device type after ``evidence`` graphs."""

    evidence: int
    works: Mapping[str, float]  # of each trait that was met
    op_works: float
    trait_works: float
    other_reason: float
    _failures: tuple[_Told, ...] = field(default=(), repr=False)
    _alone: Mapping[str, float] = field(default_factory=dict, repr=False)  # log odds without any failure
    _of: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False)  # failures that suspect a trait

    def of(self, trait: str) -> float:
        """The probability that a trait works, whether it was met or not."""
        return self.works.get(trait, self.trait_works if op_of(trait) != trait else self.op_works)

    def predict(self, traits: Iterable[str]) -> Prediction:
        """What to expect of a graph with these traits."""
        own = sorted(set(traits))
        suspects = [trait for trait in own if trait in self._of and self.works[trait] < _SURE]
        chance = (1 - self.other_reason) * self._all_work(suspects)
        for trait in own:
            if trait not in suspects:
                chance *= self.of(trait)
        # Of equal suspects the op itself says most.
        worst = sorted((round(self.of(t), 9), op_of(t) != t, t) for t in own)
        blocking = [(trait, works) for works, _, trait in worst if works < BLOCKS_BELOW]
        if not blocking and chance < BLOCKS_BELOW:
            blocking = [(trait, works) for works, _, trait in worst[:1]]
        new = tuple(t for t in own if t not in self.works and (op_of(t) == t or op_of(t) in self.works))
        return Prediction(chance, tuple(blocking), new, self.evidence)

    def _all_work(self, traits: Sequence[str]) -> float:
        """The probability that all of these work: each given those before it."""
        remaining = {i: self._failures[i].log_others for trait in traits for i in self._of[trait]}
        chance = 1.0
        for trait in traits:
            odds = self._alone[trait]
            for i in self._of[trait]:
                told = self._failures[i]
                remaining[i] -= told.log_works[trait]
                odds += float(np.log(max(1 - (1 - told.other) * np.exp(min(remaining[i], 0.0)), _LEAST)))
            chance *= float(_probability(np.array(odds)))
        return chance


@dataclass(frozen=True, slots=True)
class _Told:
    """A failure as it stands in the end: the log probability that each suspect, and that all of them, work without it."""

    other: float
    log_works: Mapping[str, float]
    log_others: float


def learn(observations: Sequence[Observation]) -> Belief:
    """What the observations of one device type say, each of another graph."""
    return _Learner(observations).learn()


class _Learner:
    """Belief propagation over flat arrays: an edge is one suspect of one failure."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._observations = observations
        self._names = sorted(
            {t for o in observations for t in o.traits}
            | {t for o in observations for f in o.failures for t in f.suspects}
        )
        index = {name: i for i, name in enumerate(self._names)}
        self._is_op = np.array([op_of(name) == name for name in self._names], dtype=bool)
        passed = [index[t] for o in observations if not o.failures for t in o.traits]
        self._passes = np.bincount(passed, minlength=len(self._names)) if passed else np.zeros(len(self._names))
        self._failures = [f for o in observations for f in o.failures]
        edges = [(c, index[t]) for c, f in enumerate(self._failures) for t in sorted(f.suspects)]
        self._failure = np.array([c for c, _ in edges], dtype=np.intp)
        self._trait = np.array([t for _, t in edges], dtype=np.intp)
        self._said = np.array([f.said for f in self._failures], dtype=bool)
        self._log_ratio = np.zeros(len(edges))  # of the message from a failure to a suspect
        self._op_works, self._trait_works, self._other = OP_WORKS, TRAIT_WORKS, OTHER_REASON

    def learn(self) -> Belief:
        for _ in range(SWEEPS):
            if self._sweep() < _SETTLED:
                break
        works = self._works()
        log_works = np.log(self._without())
        sums = np.bincount(self._failure, log_works, minlength=len(self._failures))
        told: list[dict[str, float]] = [{} for _ in self._failures]
        of: dict[str, list[int]] = {}
        for c, t, value in zip(self._failure, self._trait, log_works, strict=True):
            told[c][self._names[t]] = float(value)
            of.setdefault(self._names[t], []).append(int(c))
        others = self._others()
        return Belief(
            evidence=len(self._observations),
            works=dict(zip(self._names, works.tolist(), strict=True)),
            op_works=self._op_works,
            trait_works=self._trait_works,
            other_reason=self._other,
            _failures=tuple(_Told(float(others[c]), told[c], float(sums[c])) for c in range(len(told))),
            _alone=dict(zip(self._names, self._alone().tolist(), strict=True)),
            _of={trait: tuple(failures) for trait, failures in of.items()},
        )

    def _sweep(self) -> float:
        """One round of messages, and of what is learnt from them; the largest change of a probability."""
        before = self._works()
        log_works = np.log(self._without())
        sums = np.bincount(self._failure, log_works, minlength=len(self._failures))
        rest = np.exp(np.minimum(sums[self._failure] - log_works, 0.0))  # that all other suspects work
        other = self._others()
        ratio = np.log(np.maximum(1 - (1 - other[self._failure]) * rest, _LEAST))
        self._log_ratio += (1 - _DAMPING) * (ratio - self._log_ratio)
        works = self._works()
        self._op_works = _share(works[self._is_op], OP_WORKS)
        self._trait_works = _share(works[~self._is_op], TRAIT_WORKS)
        self._other = self._rate_of_other_reasons(np.exp(np.minimum(sums, 0.0)), other)
        return float(np.max(np.abs(works - before), initial=0.0))

    def _rate_of_other_reasons(self, all_work: np.ndarray, other: np.ndarray) -> float:
        """Of the graphs whose traits all work, the share that failed, as expected; what the device named has its reason."""
        passed = sum(not o.failures for o in self._observations)
        without = other * all_work / (1 - (1 - other) * all_work)  # no trait of a failed graph is at fault
        failed = float(without[~self._said].sum())
        return (START * OTHER_REASON + failed) / (START + passed + failed)

    def _others(self) -> np.ndarray:
        return np.where(self._said, MISTAKEN, self._other)

    def _alone(self) -> np.ndarray:
        """Log odds of each trait from what is true of any, and from the passes."""
        prior = np.where(self._is_op, self._op_works, self._trait_works)
        return np.asarray(np.log(prior / (1 - prior)) - self._passes * np.log(DESPITE))

    def _odds(self) -> np.ndarray:
        return np.asarray(self._alone() + np.bincount(self._trait, self._log_ratio, minlength=len(self._names)))

    def _works(self) -> np.ndarray:
        return _probability(self._odds())

    def _without(self) -> np.ndarray:
        """For each edge: the probability that the suspect works, but for what this failure says."""
        return np.asarray(np.maximum(_probability(self._odds()[self._trait] - self._log_ratio), _LEAST))


def _share(works: np.ndarray, start: float) -> float:
    return float(min((START * start + works.sum()) / (START + works.size), 1 - _LEAST))


def _probability(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -500, 500))))
