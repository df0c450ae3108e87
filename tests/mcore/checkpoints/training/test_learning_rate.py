"""The largest safe rate, on losses of which it is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from mcore.checkpoints import CheckpointError
from mcore.checkpoints.training.learning_rate import RangeTest, largest_safe_rate


class Quadratic(nn.Module):
    """``curvature / 2 * w ** 2``: gradient descent converges for rates below ``2 / curvature``, and diverges above."""

    def __init__(self, curvature: float) -> None:
        super().__init__()
        self.curvature = curvature
        self.w = nn.Parameter(torch.ones(()))

    def forward(self, _: Any) -> torch.Tensor:
        return self.curvature / 2 * self.w**2


def find(model: nn.Module, **options: Any) -> RangeTest:
    return largest_safe_rate(
        model, lambda lr: torch.optim.SGD(model.parameters(), lr=lr), lambda m, batch: m(batch), [0, 1], **options
    )


@pytest.mark.parametrize("curvature", [0.5, 20.0, 1000.0])
def test_it_is_below_where_descent_diverges_and_not_far(curvature: float) -> None:
    model = Quadratic(curvature)
    found = find(model)
    assert found.max_lr is not None
    assert 0.45 / curvature < found.max_lr <= 2 / curvature
    assert model.w.item() == 1.0
    assert len(found.rates) == len(found.losses)


def test_where_every_rate_spoils_the_weights_there_is_none() -> None:
    assert find(Quadratic(1e9)).max_lr is None


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batches = [(torch.randn(8, 3), torch.randint(0, 2, (8,))) for _ in range(2)]

    def optimiser(lr: float) -> torch.optim.Optimizer:
        first = {"params": model[0].parameters(), "lr": lr / 10}
        return torch.optim.SGD([first, {"params": model[2].parameters()}], lr=lr)

    found = largest_safe_rate(
        model,
        optimiser,
        lambda m, batch: nn.functional.cross_entropy(m(batch[0]), batch[1]),
        batches,
        sweep_steps=20,
        trial_steps=5,
    )
    assert found.max_lr is not None
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not model.training
    assert model[0].weight.grad is None


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(CheckpointError, match="needs batches"):
        largest_safe_rate(nn.Linear(1, 1), lambda lr: None, lambda m, b: None, [])  # type: ignore[arg-type,return-value]
    model = Quadratic(1.0)
    model.w.data.fill_(float("nan"))
    with pytest.raises(CheckpointError, match="the loss is nan"):
        find(model)
