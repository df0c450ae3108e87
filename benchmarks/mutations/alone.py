"""Mutants under a policy that judges layers: each layer that reads a changed weight is run alone on golden inputs.

Layers are judged apart from one another, so mutants that change different weights go into one network, and one walk through it
judges them all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.mutations.mutate import Weights
from mcore.platform.bundle import Bundle, Sample
from mcore.platform.figures import EXACT_SQNR_DB
from mcore.platform.graph import Graph
from workers.drivers.numpy import NumpyDriver, NumpySession
from workers.judging.compare import Comparison
from workers.judging.layers import layers_of
from workers.judging.part import is_part, weights_read
from workers.outcome import Outcome
from workers.policy import Policy

Figures = tuple[float, float]


class _WrongDriver(NumpyDriver):
    """A simulated device on which single layers have other weights than their network."""

    def __init__(self, profile: Mapping[str, Any], changed: Weights) -> None:
        super().__init__(profile)
        self._changed = changed

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> NumpySession:
        if is_part(bundle):
            bundle = replace(bundle, weights={n: self._changed.get(n, w) for n, w in bundle.weights.items()})
        return super().load(bundle, fetch)


@dataclass(slots=True)
class _Mutant:
    kind: str
    changed: str
    weights: dict[str, np.ndarray]
    compared: list[Comparison] = field(default_factory=list)
    effect: bool = False

    @property
    def outcome(self) -> Outcome:
        return next((c.outcome for c in self.compared if c.outcome is not Outcome.PASS), Outcome.PASS)

    def row(self) -> dict[str, Any]:
        tensors = [error for compared in self.compared for error in compared.tensors]
        return {
            "kind": self.kind,
            "changed": self.changed,
            "effect": self.effect,
            "passed": self.effect and self.outcome is Outcome.PASS,
            "outcome": self.outcome.value,
            "margin": round(min((e.margin for e in tensors if e.margin is not None), default=1.0), 4),
            "rel": float(f"{max((e.max_rel_error for e in tensors), default=0.0):.3g}"),
            "sqnr_db": round(min((e.sqnr_db for e in tensors), default=EXACT_SQNR_DB), 1),
        }


def judged_alone(
    bundle: Bundle, samples: Sequence[Sample], policy: Policy, made: Sequence[tuple[str, str, Weights]]
) -> list[dict[str, Any]]:
    """A row for each mutant, as :func:`benchmarks.mutations.judge.rows_of` gives it.

    A mutant has no effect where its layers give what they give with the right weights.
    """
    profile = {"precision": policy.precision}
    mutants = [
        _Mutant(kind, changed, {n: weights[n] for n in changed.split(" and ")}) for kind, changed, weights in made
    ]
    for sample in samples:
        unseen = [mutant for mutant in mutants if mutant.outcome is Outcome.PASS]
        if not unseen:
            break
        sound = {
            value: _figures(compared) for value, _, compared in _walked(NumpyDriver(profile), bundle, sample, policy)
        }
        for together in _apart(unseen):
            changed = {name: weight for mutant in together for name, weight in mutant.weights.items()}
            for value, read, compared in _walked(_WrongDriver(profile, changed), bundle, sample, policy):
                for mutant in together:
                    if mutant.weights.keys() & read:
                        mutant.compared.append(compared)
                        mutant.effect = mutant.effect or _figures(compared) != sound[value]
    return [mutant.row() for mutant in mutants]


def _walked(
    driver: NumpyDriver, bundle: Bundle, sample: Sample, policy: Policy
) -> Iterator[tuple[str, set[str], Comparison]]:
    """Of each layer its value, the weights that it reads, and the comparison."""
    driver.load(bundle).close()  # int8 takes the calibration of the network
    read = _weights_by_value(bundle.graph_for(sample.inputs))
    for layer in layers_of(driver, bundle, sample, policy):
        yield layer.error.value, read[layer.error.value], layer.compared


def _weights_by_value(graph: Graph) -> dict[str, set[str]]:
    return {node.outputs[0]: set(weights_read(node)) for node in graph.nodes}


def _figures(compared: Comparison) -> list[Figures]:
    return [(error.max_rel_error, error.sqnr_db) for error in compared.tensors]


def _apart(mutants: Sequence[_Mutant]) -> list[list[_Mutant]]:
    """As few groups as come about by taking one after the other; no weight is changed by two of a group."""
    groups: list[list[_Mutant]] = []
    for mutant in mutants:
        for group in groups:
            if not any(mutant.weights.keys() & other.weights.keys() for other in group):
                group.append(mutant)
                break
        else:
            groups.append([mutant])
    return groups
