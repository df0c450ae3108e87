"""Samples: seeded inputs, golden outputs by torch, digests of all values between, and what the golden outputs are worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from mcore.convert.arrays import to_numpy
from mcore.convert.capture import Capture, chosen
from mcore.convert.noise import noise_floor
from mcore.convert.others import OtherRuns
from mcore.convert.replays import Replays
from mcore.convert.running import Size, seeded_inputs
from mcore.convert.sensitivity import SUSPICIOUS, needs_run, sensitivity
from mcore.convert.steady import decides, steady_inputs
from mcore.convert.trace import trace
from mcore.convert.variants import assembled
from mcore.platform.bundle import Sample, digest
from mcore.platform.graph import Graph
from mcore.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples, the graphs with the guards that matter at all of their sizes, and remarks on outputs that change little."""

    samples: tuple[Sample, ...]
    graphs: tuple[Graph, ...]
    remarks: tuple[str, ...]

    @property
    def graph(self) -> Graph:
        """The graph of a network that has just one; raises ``ValueError`` for several."""
        (graph,) = self.graphs
        return graph


def take_samples(
    model: nn.Module,
    sampling: Sampling,
    captured: Capture,
    key: str,
    replays: Replays | None = None,
    further: int = 0,
    keep: Callable[[Sample], None] = lambda _: None,
) -> Samples:
    """A sample at each size of ``sampling``, by ``model`` (in evaluation mode) in float32.

    Each golden run is traced: its graph must be the captured one for its size, and its values give the digests. Inputs follow
    from ``key``, the architecture's, and the size. The noise floor is measured at the cheapest size: it is the network's, and
    differs by a factor of four at most between sizes where it was measured.

    Args:
        model: a copy in evaluation mode.
        sampling: what its inputs are.
        captured: its graphs and weights.
        key: the architecture's.
        replays: if given, the samples of a network that has one graph are run on the Platform meanwhile, for :func:`verify`.
            Nothing of what the Platform makes of them is in the samples: its kernels shape no bundle.
        further: how many of the last sizes are such as change nothing of the samples at the others, so have no noise floor.
        keep: is given each sample as soon as it is taken.

    Raises:
        SizesDisagree: a golden run is not what was captured for its size.
        ModelFailed, CaptureRefused, RuleDisagrees: as :func:`~mcore.convert.capture.capture`, at one of these sizes.
        ReferenceInvalid: a golden output is not finite, constant, or blind to the input.
    """
    taken, remarks, variants = [], [], list(captured.variants)
    own = range(len(sampling.sizes) - further)
    cheapest = min(own, key=lambda i: (sampling.batch(i) * math.prod(sampling.sizes[i]), i))
    with OtherRuns(model, sampling, key) as others:
        for index, (height, width) in enumerate(sampling.sizes):
            size = Size(sampling.batch(index), height, width)
            variant = chosen(variants, sampling, size)
            assert variant is not None, "a capture has a graph for every sample"
            if needs_run(variant, size):
                others.begin(size)
            inputs = seeded_inputs(sampling, size, key)
            if decides(variant.graph):
                inputs, steady = steady_inputs(model, sampling, size, key)
                if not steady:
                    remarks.append(f"no input at {size} is steady: where values are nearly equal, rounding decides")
            if replays is not None and len(variants) == 1:
                replays.begin(str(size), variant.graph, _arrays(inputs))
            golden = trace(model, sampling, size, inputs, lambda tensor: digest(to_numpy(tensor)), variant.numbers)
            variants[variants.index(variant)] = variant.joined(golden)
            outputs = {name: to_numpy(tensor).copy() for name, tensor in golden.outputs.items()}
            moved = sensitivity(golden, variant, outputs, others)
            remarks += [
                f"output {name!r} at {size} changes by only {change:.1e} of its peak for another input"
                for name, change in moved.items()
                if change < SUSPICIOUS
            ]
            noise = None
            if index == cheapest:
                noise = noise_floor(model, sampling, inputs, outputs)
                if not noise:
                    remarks.append(f"no noise floor at {size}: the model does not run in float64")
            taken.append(Sample(str(size), _arrays(inputs), outputs, dict(golden.observed), moved, noise or {}))
            keep(taken[-1])
    graphs, _ = assembled(variants)
    return Samples(tuple(taken), graphs, tuple(remarks))


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: to_numpy(tensor) for name, tensor in tensors.items()}
