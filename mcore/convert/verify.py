"""Verification: a graph and its samples are replayed on the Platform before a bundle of them is put in place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcore.convert.errors import ReferenceInvalid, VerificationFailed
from mcore.convert.noise import Measure, Noise
from mcore.convert.replays import Replays
from mcore.platform.bundle import Sample, digest
from mcore.platform.figures import Figures, figures
from mcore.platform.graph import Graph
from mcore.platform.runtime import Mode, Program
from mcore.platform.runtime.binding import Kernel
from mcore.platform.variants import graph_for

SQNR_DB = 75.0
#: Largest error relative to the output's peak; more is allowed where torch's own float32 is further from float64.
RELATIVE = 1e-4
NOISE_FACTOR = 50.0
#: Share of the elements of an integer or bool output that may differ: where two candidates are nearly equal.
DIFFERING = 1e-3
#: A reference must clear the limits by this factor: noise differs as much between sizes.
SPARE = 4.0

Kernels = Mapping[str, Kernel]


@dataclass(frozen=True, slots=True)
class Replay:
    """Figures of one sample's outputs, by name."""

    sample: str
    figures: Mapping[str, Figures]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with the value of an output, ``""`` if nothing, and how far off it is, where it can be compared.

    ``error`` is relative to the golden's peak, or the share of the elements of an integer output that differ; ``figures`` are
    those of a floating output.
    """

    off: str
    error: float | None = None
    figures: Figures | None = None


def verify(
    graphs: Graph | Sequence[Graph],
    weights: Mapping[str, np.ndarray],
    samples: tuple[Sample, ...],
    kernels: Kernels | None = None,
    replays: Replays | None = None,
    measure: Measure | None = None,
) -> tuple[Replay, ...]:
    """Replay every sample, of several graphs on the one that takes its size, and judge it by the network's noise floor.

    ``kernels`` are those of ``Program``, for fault injection; ``replays`` may hold runs of samples that were begun before.
    ``measure`` tells what rounding alone does to a sample: it is asked for where an output is off, to find who is to blame.

    Raises:
        ReferenceInvalid: an output is off, but so is torch's own by rounding alone: the network is chaotic.
        VerificationFailed: an output is off; names the first node whose digest is.
    """
    graphs = (graphs,) if isinstance(graphs, Graph) else graphs
    noise: dict[str, float] = {}
    for name, floor in (item for sample in samples for item in sample.noise_floor.items()):
        noise[name] = max(floor, noise.get(name, 0.0))
    judged = (replace(sample, noise_floor={**noise, **sample.noise_floor}) for sample in samples)
    with replays or Replays(weights, kernels) as runs:
        for sample in samples:
            runs.begin(sample.name, graphs, sample.inputs)
        return tuple(_replay(graphs, weights, sample, kernels, runs, measure) for sample in judged)


def _replay(
    graphs: Sequence[Graph],
    weights: Mapping[str, np.ndarray],
    sample: Sample,
    kernels: Kernels | None,
    runs: Replays,
    measure: Measure | None,
) -> Replay:
    outputs = runs.outputs(sample.name)
    graph = graph_for(graphs, {name: array.shape for name, array in sample.inputs.items()})
    found = {}
    for name, golden in sample.outputs.items():
        judged = judge(outputs[name], golden, sample.noise_floor.get(name, 0.0))
        if judged.off:
            if measure is not None:
                _check_reference(name, sample, judged, measure(sample)[name])
            raise VerificationFailed(
                f"output {name!r} of sample {sample.name} {judged.off}; {suspect(graph, weights, sample, kernels)}"
            )
        found[name] = judged.figures or figures(outputs[name], golden)
    return Replay(sample.name, found)


def judge(value: np.ndarray, golden: np.ndarray, noise: float) -> Judgement:
    """Judge a value of an output with this noise floor."""
    if value.shape != golden.shape or value.dtype != golden.dtype:
        return Judgement(f"is {value.dtype} {value.shape}, torch gives {golden.dtype} {golden.shape}")
    if golden.dtype.kind != "f":
        share = float(np.mean(value != golden)) if golden.size else 0.0
        return Judgement(f"differs in {share:.2%} of its elements" if share > DIFFERING else "", share)
    if not np.isfinite(value).all():
        return Judgement("is not finite on the Platform")
    found = figures(value, golden)
    error, limit = found.max_rel_error, max(RELATIVE, NOISE_FACTOR * noise)
    if error <= limit and found.sqnr_db >= SQNR_DB:
        return Judgement("", error, found)
    off = f"is off by {error:.1e} of its peak (limit {limit:.1e}), {found.sqnr_db:.0f} dB (limit {SQNR_DB:.0f})"
    return Judgement(off, error, found)


def _check_reference(name: str, sample: Sample, judged: Judgement, noise: Noise) -> None:
    """Raise :class:`ReferenceInvalid` if rounding explains why a value is off: torch's own output is as uncertain."""
    if judged.error is None:
        return
    if judged.figures is None:
        is_chaotic, own = noise.differing * SPARE > DIFFERING, noise.differing
        evidence = f"changes {own:.2%} of torch's own elements"
    else:
        is_chaotic, own = noise.sqnr_db < SQNR_DB + 20 * math.log10(SPARE), noise.max_rel_error
        evidence = f"puts torch's own off by {own:.1e} of its peak, {noise.sqnr_db:.0f} dB"
    if is_chaotic and judged.error <= NOISE_FACTOR * own:
        raise ReferenceInvalid(
            f"output {name!r} of sample {sample.name} {judged.off}, but rounding alone {evidence}: "
            "the network is chaotic with these weights, so its outputs prove nothing; calibrate them"
        )


def suspect(graph: Graph, weights: Mapping[str, np.ndarray], sample: Sample, kernels: Kernels | None = None) -> str:
    """The first node, in the graph's order, whose value has another digest than torch's, as a clause."""
    wanted = [name for node in graph.nodes for name in node.outputs if name in sample.digests]
    limit = max(RELATIVE, NOISE_FACTOR * max(sample.noise_floor.values(), default=0.0))
    shapes = {name: array.shape for name, array in sample.inputs.items()}
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        program = Program(graph.fetching(part), weights, shapes, mode=Mode.REFERENCE, kernels=kernels)
        values = program.run(sample.inputs)
        for name in part:
            if digests_differ(digest(values[name]), sample.digests[name], limit):
                node = next(node for node in graph.nodes if name in node.outputs)
                return (
                    f"the first value that leaves torch's is {name!r}: {node.op} in {node.module or 'the root module'}"
                )
    return "every single value agrees with torch's, so the planned runtime is at fault"


#: Values fetched by one run: few enough to fit in memory, each run computes all that is before them.
_AT_ONCE = 64


def digests_differ(found: np.ndarray, wanted: np.ndarray, limit: float) -> bool:
    """Whether two digests differ by more than ``limit`` of the value's peak."""
    found, wanted = found[:4], wanted[:4]
    finite = np.isfinite(wanted)
    if (np.isfinite(found) != finite).any():
        return True
    peak = float(np.abs(wanted[finite]).max(initial=0.0)) or 1.0
    return bool((np.abs(found[finite] - wanted[finite]) > limit * peak).any())
