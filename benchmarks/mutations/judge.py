"""What the policy makes of each mutant of one architecture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.mutations.alone import judged_alone
from benchmarks.mutations.mutate import Weights, mutants
from mcore.platform.bundle import Bundle, Sample
from mcore.platform.figures import EXACT_SQNR_DB
from workers.drivers.numpy import NumpyDriver
from workers.judging.judge import compared_with_golden
from workers.outcome import Outcome
from workers.policy import Policy, Scope

#: An output that moves by less, relative to its peak, is moved by rounding alone.
ROUNDING = 1e-7


def rows_of(bundle: Bundle, policy: Policy, count: int, seed: int) -> list[dict[str, Any]]:
    """A row for each mutant: what was changed, whether that has an effect, and whether it passed all the same.

    Samples are taken from the smallest on, until one shows the mutant: to pass, an attempt must pass at all of them. The
    margin, the largest error relative to the peak and the SQNR are the worst of these samples.
    """
    samples = sorted(bundle.samples, key=lambda s: sum(value.size for value in s.inputs.values()))
    made = mutants(bundle, count, seed)
    return (_judged_whole if policy.judged is Scope.OUTPUTS else judged_alone)(bundle, samples, policy, made)


def _judged_whole(
    bundle: Bundle, samples: Sequence[Sample], policy: Policy, made: Sequence[tuple[str, str, Weights]]
) -> list[dict[str, Any]]:
    sound: dict[str, Mapping[str, np.ndarray]] = {}
    rows = []
    for kind, changed, weights in made:
        effect, seen, margin, rel, sqnr_db = False, False, 1.0, 0.0, EXACT_SQNR_DB
        for sample in samples:
            if sample.name not in sound:
                sound[sample.name] = _run(bundle, bundle.weights, sample)
            outputs = _run(bundle, weights, sample)
            effect = effect or _moved(outputs, sound[sample.name]) > ROUNDING
            compared = compared_with_golden(outputs, bundle, sample, policy)
            for error in compared.tensors:
                margin = margin if error.margin is None else min(margin, error.margin)
                rel, sqnr_db = max(rel, error.max_rel_error), min(sqnr_db, error.sqnr_db)
            seen = compared.outcome is not Outcome.PASS
            if seen:
                break
        rows.append(
            {
                "kind": kind,
                "changed": changed,
                "effect": effect,
                "passed": effect and not seen,
                "outcome": compared.outcome.value,
                "margin": round(margin, 4),
                "rel": float(f"{rel:.3g}"),
                "sqnr_db": round(sqnr_db, 1),
            }
        )
    return rows


def _run(bundle: Bundle, weights: Weights, sample: Sample) -> Mapping[str, np.ndarray]:
    session = NumpyDriver({}).load(replace(bundle, weights=weights))
    try:
        return session.run(sample.inputs)
    finally:
        session.close()


def _moved(outputs: Mapping[str, np.ndarray], sound: Mapping[str, np.ndarray]) -> float:
    """The largest change of any output, relative to its peak; integers count by being different."""
    moves = []
    for name, before in sound.items():
        after = outputs[name]
        if before.dtype.kind != "f":
            moves.append(float((after != before).any()))
        elif before.size:
            moves.append(float(np.abs(after.astype(np.float64) - before).max() / (np.abs(before).max() or 1.0)))
    return float(np.nan_to_num(max(moves, default=0.0), nan=np.inf))
