"""Predictions held against what happened: each architecture by the evidence of others."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.prediction.devices import Device
from farm.prediction.belief import Observation, learn
from farm.prediction.evidence import observed
from farm.prediction.traits import op_of
from farm.states.verdict import Verdict

Traits = Mapping[str, tuple[str, ...]]
#: A device that says what it lacks, and one that only fails.
WORDS = ("named", "silent")
BINS = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """One architecture on one device. ``base_rate`` is the share of the others that pass, ``rule`` 1 where each of its ops
    was in one that passes and 0 elsewhere. ``right`` says whether the op named as blocking is one that blocks; ``None`` where
    it passes, or none was named."""

    device: str
    words: str
    architecture: str
    passes: bool
    chance: float
    base_rate: float
    rule: float
    right: bool | None


def left_out(devices: Sequence[Device], traits: Traits) -> Iterator[Trial]:
    """Every architecture by the evidence of all others."""
    for device in devices:
        for words in WORDS:
            seen = observations(device, traits, words)
            for name in traits:
                yield _trial(device, words, name, traits, {other: o for other, o in seen.items() if other != name})


def after_few(
    devices: Sequence[Device], traits: Traits, sizes: Sequence[int], seed: int = 0
) -> Iterator[tuple[int, Trial]]:
    """Every architecture by the evidence of just so many others, drawn from a seed for each device and size."""
    for device in devices:
        for words in WORDS:
            seen = observations(device, traits, words)
            for size in sizes:
                few = random.Random(f"{seed} {device.name} {size}").sample(sorted(traits), size)
                belief = learn([seen[name] for name in few])
                for name in sorted(set(traits) - set(few)):
                    prediction = belief.predict(traits[name])
                    yield (
                        size,
                        _made(device, words, name, prediction.chance, [seen[other] for other in few], traits, None),
                    )


def observations(device: Device, traits: Traits, words: str) -> dict[str, Observation]:
    """What the farm would see of every architecture."""
    failed = {name: Verdict.UNSUPPORTED if device.lacking[name] else Verdict.FAILED for name in traits}
    return {
        name: observed(
            own,
            Verdict.SUPPORTED if device.passes(name) else failed[name],
            device.lacking[name] if words == "named" else (),
        )
        for name, own in traits.items()
    }


def brier(trials: Sequence[Trial], what: str = "chance") -> float:
    """The mean square of what was predicted less what happened (Brier, Monthly Weather Review 78, 1950)."""
    return sum((getattr(t, what) - t.passes) ** 2 for t in trials) / len(trials)


def reliability(trials: Sequence[Trial]) -> list[dict[str, float | int]]:
    """By tenths of the predicted chance: how many there are, their mean chance, and the share that passes."""
    bins: list[list[Trial]] = [[] for _ in range(BINS)]
    for trial in trials:
        bins[min(int(trial.chance * BINS), BINS - 1)].append(trial)
    return [
        {
            "from": at / BINS,
            "trials": len(own),
            "chance": sum(t.chance for t in own) / len(own),
            "passing": sum(t.passes for t in own) / len(own),
        }
        for at, own in enumerate(bins)
        if own
    ]


def _trial(device: Device, words: str, name: str, traits: Traits, others: Mapping[str, Observation]) -> Trial:
    prediction = learn(list(others.values())).predict(traits[name])
    named = op_of(prediction.blocking[0][0]) if prediction.blocking else None
    right = (
        None if not device.lacking[name] or named is None else named in {op_of(what) for what in device.lacking[name]}
    )
    return _made(device, words, name, prediction.chance, list(others.values()), traits, right)


def _made(
    device: Device,
    words: str,
    name: str,
    chance: float,
    evidence: Sequence[Observation],
    traits: Traits,
    right: bool | None,
) -> Trial:
    good = [o for o in evidence if not o.failures]
    known = {op_of(trait) for o in good for trait in o.traits}
    rule = float({op_of(trait) for trait in traits[name]} <= known)
    return Trial(device.name, words, name, device.passes(name), chance, len(good) / len(evidence), rule, right)
