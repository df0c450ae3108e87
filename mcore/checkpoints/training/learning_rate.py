"""The largest rate that training can begin with and not spoil the weights.

A range test (Smith, Cyclical Learning Rates for Training Neural Networks, 2015, https://arxiv.org/abs/1506.01186) finds where
it certainly is too large: the rate grows from step to step until the loss leaves its best by far. From there rates are tried,
each half of the one before, on the weights as they were, until one leaves the loss no worse than it was.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.training.measuring import unchanged

Loss = Callable[[nn.Module, Any], Tensor]


@dataclass(frozen=True, slots=True)
class RangeTest:
    """The rate that was found, ``None`` where every one spoils the weights; and the sweep: rates, and the loss at each."""

    max_lr: float | None
    rates: tuple[float, ...]
    losses: tuple[float, ...]


def largest_safe_rate(
    model: nn.Module,
    make_optimiser: Callable[[float], torch.optim.Optimizer],
    loss: Loss,
    batches: Sequence[Any],
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    sweep_steps: int = 60,
    trial_steps: int = 20,
    tolerance: float = 0.02,
) -> RangeTest:
    """The largest rate at which ``trial_steps`` steps leave the loss no worse than it is now; the model is left as it was.

    Args:
        model: with the weights that training is to begin from.
        make_optimiser: a new optimiser of its parameters with this rate.
        loss: of the model on a batch.
        batches: taken in turn for the steps; the loss before and after is the mean over all of them, in evaluation mode.
        lowest: rate to begin from.
        highest: rate to go to.
        sweep_steps: of the range test.
        trial_steps: of each trial.
        tolerance: share of the loss by which it may be worse and the weights not be spoiled.

    Raises:
        CheckpointError: the loss is not finite to begin with, or there are no batches.
    """
    if not batches:
        raise CheckpointError("a range test needs batches")
    with _restored(model) as restore:
        before = _mean_loss(model, loss, batches)
        if not math.isfinite(before):
            raise CheckpointError(f"the loss is {before} before any step: no rate can be told")
        rates, losses = _sweep(model, make_optimiser, loss, batches, lowest, highest, sweep_steps)
        rate, allowed = rates[-1], before + tolerance * abs(before)
        while rate >= lowest:
            restore()
            optimiser = make_optimiser(rate)
            for _, batch in zip(range(trial_steps), itertools.cycle(batches), strict=False):
                _step(model, optimiser, loss, batch)
            if _mean_loss(model, loss, batches) <= allowed:
                return RangeTest(rate, tuple(rates), tuple(losses))
            rate /= 2
    return RangeTest(None, tuple(rates), tuple(losses))


def _sweep(
    model: nn.Module,
    make_optimiser: Callable[[float], torch.optim.Optimizer],
    loss: Loss,
    batches: Sequence[Any],
    lowest: float,
    highest: float,
    steps: int,
) -> tuple[list[float], list[float]]:
    """Rates from the lowest on, and the loss before the step at each, until it is not finite or four times its best."""
    optimiser = make_optimiser(lowest)
    # Groups with rates of their own keep their share of the largest.
    largest = max(group["lr"] for group in optimiser.param_groups)
    shares = [group["lr"] / largest for group in optimiser.param_groups]
    rates: list[float] = []
    losses: list[float] = []
    for i, batch in zip(range(steps), itertools.cycle(batches), strict=False):
        rates.append(lowest * (highest / lowest) ** (i / max(steps - 1, 1)))
        for group, share in zip(optimiser.param_groups, shares, strict=True):
            group["lr"] = rates[-1] * share
        losses.append(_step(model, optimiser, loss, batch))
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * max(min(losses), 1e-12):
            break
    return rates, losses


def _step(model: nn.Module, optimiser: torch.optim.Optimizer, loss: Loss, batch: Any) -> float:
    model.train()
    optimiser.zero_grad(set_to_none=True)
    value = loss(model, batch)
    value.backward()
    optimiser.step()
    return float(value.detach())


def _mean_loss(model: nn.Module, loss: Loss, batches: Sequence[Any]) -> float:
    model.eval()
    with torch.no_grad():
        return sum(float(loss(model, batch)) for batch in batches) / len(batches)


@contextmanager
def _restored(model: nn.Module) -> Iterator[Callable[[], None]]:
    """Puts weights, statistics, modes, gradients and random numbers back, when called and at the end."""
    weights = copy.deepcopy(model.state_dict())

    def restore() -> None:
        model.load_state_dict(weights)

    with unchanged(model):
        try:
            yield restore
        finally:
            restore()
