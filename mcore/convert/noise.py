"""How far torch itself is from the truth: what rounding alone does to the outputs of a network.

Of a network that is chaotic, in which rounding errors grow from layer to layer until they drown the result, the golden outputs
are far from those of a float64 run and from those of the same network with its weights changed in their last bits; and so are
the outputs of every sound device. Such a reference proves nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mcore.convert.arrays import from_numpy
from mcore.convert.errors import ModelFailed
from mcore.convert.running import generator, outputs_of, run
from mcore.convert.wide import widened
from mcore.platform.bundle import Sample
from mcore.platform.figures import EXACT_SQNR_DB, figures
from mcore.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Noise:
    """What rounding does to one output, at worst: of the peak, in dB, and to the share of the elements of an integer output."""

    max_rel_error: float = 0.0
    sqnr_db: float = EXACT_SQNR_DB
    differing: float = 0.0


#: Noise of a sample's outputs, by name.
Measure = Callable[[Sample], Mapping[str, Noise]]


def measure(model: nn.Module, sampling: Sampling) -> Measure:
    """What tells the noise of a sample of ``model``, a copy in evaluation mode, by running it twice more."""
    return lambda sample: _noise(model, sampling, sample)


def _noise(model: nn.Module, sampling: Sampling, sample: Sample) -> dict[str, Noise]:
    inputs = {name: from_numpy(np.array(array)) for name, array in sample.inputs.items()}
    found = {name: Noise() for name in sample.outputs}
    for runs in (
        lambda: _exact(model, sampling, inputs),
        lambda: outputs_of(run(_nudged(model), sampling, inputs)),
    ):
        try:
            others = runs()
        except ModelFailed:
            continue  # it names float32 in its code
        for name, golden in sample.outputs.items():
            if others[name].shape == golden.shape:
                found[name] = _worse(found[name], golden, others[name])
    return found


def _worse(before: Noise, golden: np.ndarray, other: np.ndarray) -> Noise:
    """``before``, or what ``other`` shows where that is worse."""
    if golden.dtype.kind != "f":
        share = float(np.mean(golden != other)) if golden.size else 0.0
        return Noise(differing=max(before.differing, share))
    if not (np.isfinite(golden).all() and np.isfinite(other).all()):
        return before
    seen = figures(golden, other)
    return Noise(max(before.max_rel_error, seen.max_rel_error), min(before.sqnr_db, seen.sqnr_db))


def _nudged(model: nn.Module) -> nn.Module:
    """A copy whose floating-point weights and buffers are changed in their last bits, at random but always the same."""
    nudged = copy.deepcopy(model)
    with torch.no_grad():
        for name, tensor in (*nudged.named_parameters(), *nudged.named_buffers()):
            if tensor.is_floating_point():
                signs = torch.randint(0, 2, tensor.shape, generator=generator(f"last bits of {name}")) * 2 - 1
                tensor.mul_(1 + signs.to(tensor.dtype) * torch.finfo(tensor.dtype).eps)
    return nudged


def noise_floor(
    model: nn.Module, sampling: Sampling, inputs: Mapping[str, Tensor], outputs: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Error of the float32 ``outputs`` of ``model`` against a run in float64, by output, relative to its peak.

    Empty where the model does not run in float64 (it may name float32 in its code); outputs that are not floating are left out.
    """
    try:
        exact = _exact(model, sampling, inputs)
    except ModelFailed:
        return {}
    return {
        name: figures(array, exact[name]).max_rel_error
        for name, array in outputs.items()
        if array.dtype.kind == "f" and exact[name].shape == array.shape
    }


def _exact(model: nn.Module, sampling: Sampling, inputs: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Outputs of a copy of ``model`` in float64; raises :class:`ModelFailed` where it does not run so."""
    wider = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
    wide = widened(model)
    with _double_by_default():
        return outputs_of(run(wide, sampling, wider))


@contextmanager
def _double_by_default() -> Iterator[None]:
    """What a forward makes from plain numbers is float64 too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
