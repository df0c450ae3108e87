"""What golden outputs are worth: they are finite, not the same everywhere, and others for another input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcore.convert.arrays import to_numpy
from mcore.convert.errors import ReferenceInvalid
from mcore.convert.others import OtherRuns
from mcore.convert.running import Size
from mcore.convert.trace import Trace
from mcore.convert.variants import Variant
from mcore.platform.dims import symbol
from mcore.platform.figures import figures
from mcore.platform.graph import Graph

#: An output that changes less for another input, relative to its peak, is blind.
BLIND = 1e-3
#: One that changes less is reported.
SUSPICIOUS = 0.05

Outputs = Mapping[str, np.ndarray]


def sensitivity(golden: Trace, variant: Variant, outputs: Outputs, runs: OtherRuns) -> dict[str, float]:
    """How far another input moves each of the ``outputs`` of the run ``golden``, relative to its peak.

    The images of a batch are other inputs to one another, and so are those that ``variant`` was traced with at the same height
    and width. What they gave is taken where the graph says which image an output is of; where it does not, or where an output
    so seems blind (images may act on one another), the network is run once more.

    Raises:
        ReferenceInvalid: an output is not finite, constant, or blind to the input.
        ModelFailed: the model's forward raises.
    """
    where = str(golden.size)
    _check(outputs, where)
    found = {}
    if not needs_run(variant, golden.size):
        found = _changes(outputs, _neighbours(golden, variant, outputs))
    if not found or min(found.values()) < BLIND:
        found = _changes(outputs, runs.outputs(golden.size))
    for name, change in found.items():
        if change < BLIND:
            raise ReferenceInvalid(
                f"output {name!r} at {where} changes by {change:.1e} of its peak for another input; calibrate the weights"
            )
    return found


def _check(outputs: Outputs, where: str) -> None:
    for name, array in outputs.items():
        if bad := int(array.size - np.isfinite(array).sum()):
            raise ReferenceInvalid(
                f"output {name!r} at {where} is not finite in {bad} of {array.size} elements: the network divides by "
                "zero or takes its logarithm, or weights of its own blow up; calibrate those"
            )
        if array.size > 1 and (array == array.flat[0]).all():
            raise ReferenceInvalid(
                f"output {name!r} at {where} is {float(array.flat[0]):g} everywhere; it would hide any fault"
            )


def _changes(outputs: Outputs, others: Outputs) -> dict[str, float]:
    """How far each output is from the other one, relative to its peak."""
    found = {}
    for name, array in outputs.items():
        comparable = array.size and np.isfinite(others[name]).all()
        change = figures(others[name], array).max_rel_error if comparable else float("inf")
        found[name] = min(change, np.finfo(np.float64).max)
    return found


def needs_run(variant: Variant, size: Size) -> bool:
    """Whether nothing but a run of its own gives the outputs for another input of that ``size``."""
    return not _tells_images_apart(variant.graph) or (size.batch == 1 and _traced_at(variant, size) is None)


def _neighbours(golden: Trace, variant: Variant, outputs: Outputs) -> Outputs:
    """Outputs for other images, in the place of each image, of runs that there were."""
    if golden.size.batch > 1:
        return {name: np.roll(array, 1, axis=0) for name, array in outputs.items()}
    traced = _traced_at(variant, golden.size)
    assert traced is not None, "there is a run that tells"
    return {name: to_numpy(tensor)[:1] for name, tensor in traced.outputs.items()}


def _traced_at(variant: Variant, size: Size) -> Trace | None:
    return next((t for t in variant.traces if (t.size.height, t.size.width) == (size.height, size.width)), None)


def _tells_images_apart(graph: Graph) -> bool:
    """Whether the batch is the first dimension of every input and output."""
    kinds = [*graph.inputs.values(), *(graph.type_of(value) for value in graph.outputs.values())]
    return all(kind is not None and kind.shape[:1] == (symbol("N"),) for kind in kinds)
