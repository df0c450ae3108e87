"""Inputs for networks that decide: which of several values is the largest, which box comes first.

Where two values are nearly equal, rounding decides, and a device that decides otherwise is as right as torch, though its output
is another. Such an input tells nothing about a device, so another one is drawn. SegNet is the plain case: it puts values back
where max pooling had found the largest, and one place of some hundred thousand moves the output by 1e-2 of its peak.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import torch
from torch import Tensor, nn

from mcore.convert.running import Size, generator, outputs_of, run, seeded_inputs
from mcore.convert.verify import judge
from mcore.platform.graph import Graph
from mcore.sampling import Sampling

DRAWS = 8
NUDGED_RUNS = 2
#: Of an input's value, relative: a few roundings of float32, so that what holds against it holds against a device's.
NUDGE = 2.0**-21


def decides(graph: Graph) -> bool:
    """Whether something is read that is not floating and was made of what is."""
    read = {name for node in graph.nodes for name in node.inputs} | set(graph.outputs.values())
    types = graph.types
    return any(
        any(name in read and not types[name].dtype.is_floating for name in node.outputs)
        and any(name in types and types[name].dtype.is_floating for name in node.inputs if name is not None)
        for node in graph.nodes
    )


def steady_inputs(model: nn.Module, sampling: Sampling, size: Size, key: str) -> tuple[dict[str, Tensor], bool]:
    """Seeded inputs whose outputs hardly move when the inputs move by :data:`NUDGE`, and whether they are such.

    Of :data:`DRAWS` draws, which follow from ``key``, the first that is steady; where none is, the first.

    Raises:
        ModelFailed: the model's forward raises.
    """
    first = seeded_inputs(sampling, size, key)
    others = (seeded_inputs(sampling, size, f"{key}/{draw}") for draw in range(1, DRAWS))
    for inputs in chain([first], others):
        if _is_steady(model, sampling, inputs, key):
            return inputs, True
    return first, False


def _is_steady(model: nn.Module, sampling: Sampling, inputs: Mapping[str, Tensor], key: str) -> bool:
    outputs = outputs_of(run(model, sampling, inputs))
    for number in range(NUDGED_RUNS):
        nudged = {name: _nudged(tensor, f"{key}/{name}/{number}") for name, tensor in inputs.items()}
        moved = outputs_of(run(model, sampling, nudged))
        if any(judge(moved[name], golden, 0.0).off for name, golden in outputs.items()):
            return False
    return True


def _nudged(tensor: Tensor, seed: str) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    return tensor * (1 + NUDGE * (2 * torch.rand(tensor.shape, generator=generator(seed)) - 1))
