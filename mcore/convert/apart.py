"""One graph for each size of the sampling: for models whose graph cannot be told for sizes that were not traced.

Height and width are plain numbers here, so nothing can leak; what the model makes of them is baked into the graph of that size,
which takes no other. The batch stays symbolic where two traces agree about it.
"""

from __future__ import annotations

from torch import nn

from mcore.convert.errors import CaptureRefused, ModelFailed
from mcore.convert.running import Size, run, seeded_inputs
from mcore.convert.trace import Trace, trace
from mcore.convert.variants import Variant
from mcore.sampling import Sampling

_SIDES = frozenset({"H", "W"})


def capture_apart(model: nn.Module, sampling: Sampling) -> tuple[Variant, ...]:
    """A variant for each size of ``sampling``, the smallest first.

    Raises:
        ModelFailed, CaptureRefused, RuleDisagrees: as :func:`~mcore.convert.capture.capture`.
    """
    batches = {size: sampling.batch(index) for index, size in enumerate(sampling.sizes)}
    by_area = sorted(batches, key=lambda size: (size[0] * size[1], size))
    return tuple(_at(model, sampling, Size(batches[size], *size)) for size in by_area)


def _at(model: nn.Module, sampling: Sampling, size: Size) -> Variant:
    run(model, sampling, _inputs(sampling, size))  # a model may fill caches on its first call
    shapes = {i.name: i.concrete(size.batch, size.height, size.width) for i in sampling.inputs}
    try:
        first, second = (_traced(model, sampling, Size(n, size.height, size.width), _SIDES) for n in (2, 3))
        variant = Variant((first,), _SIDES).joined(second)
    except (CaptureRefused, ModelFailed):  # it may be made for a batch of one
        variant = None
    if variant is not None and variant.admits(shapes):
        return variant
    numbers = _SIDES | {"N"}
    return Variant((_traced(model, sampling, size, numbers),), numbers)


def _traced(model: nn.Module, sampling: Sampling, size: Size, numbers: frozenset[str]) -> Trace:
    return trace(model, sampling, size, _inputs(sampling, size), numbers=numbers)


def _inputs(sampling: Sampling, size: Size) -> dict:
    return seeded_inputs(sampling, size, "capture")
