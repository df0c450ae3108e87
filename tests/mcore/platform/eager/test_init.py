"""Initialisation against torch's: bounds and moments of large samples, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mcore.platform.eager import init
from mcore.platform.eager.random import manual_seed
from mcore.platform.eager.tensor import Parameter, Tensor

CASES: list[tuple[str, dict[str, Any]]] = [
    ("uniform_", {"a": -2.0, "b": 3.0}),
    ("normal_", {"mean": 1.0, "std": 0.5}),
    ("trunc_normal_", {"std": 0.02}),
    ("trunc_normal_", {"mean": 0.5, "std": 1.0, "a": 0.0, "b": 1.0}),
    ("xavier_uniform_", {}),
    ("xavier_normal_", {"gain": 2.0}),
    ("kaiming_uniform_", {}),
    ("kaiming_uniform_", {"a": 5**0.5, "mode": "fan_out"}),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
    *(("kaiming_normal_", {"nonlinearity": n}) for n in ("tanh", "sigmoid", "selu", "linear", "conv2d")),
    ("constant_", {"val": 0.3}),
    ("zeros_", {}),
    ("ones_", {}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_distributions_are_torch_s(name: str, arguments: dict[str, Any]) -> None:
    manual_seed(0)
    torch.manual_seed(0)
    shape = (64, 32, 3, 5)
    ours = Parameter(np.full(shape, np.nan, np.float32))
    theirs = torch.full(shape, torch.nan)
    assert getattr(init, name)(ours, **arguments) is ours
    getattr(torch.nn.init, name)(theirs, **arguments)
    mine, wanted = ours.numpy(), theirs.numpy()
    scale = float(np.abs(wanted).max())
    assert mine.mean() == pytest.approx(wanted.mean(), abs=0.02 * scale)
    assert mine.std() == pytest.approx(wanted.std(), rel=0.02, abs=1e-12)
    if "normal" not in name or "trunc" in name:
        assert mine.min() == pytest.approx(wanted.min(), abs=0.1 * scale)
        assert mine.max() == pytest.approx(wanted.max(), abs=0.1 * scale)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: init.kaiming_normal_(Tensor([1.0])), r"two or more dimensions, the tensor has shape \(1,\)"),
        (lambda: init.kaiming_normal_(Tensor([[1.0]]), mode="fan"), "fan_in or fan_out, not 'fan'"),
        (lambda: init.kaiming_normal_(Tensor([[1.0]]), nonlinearity="gelu"), "one of leaky_relu, .* not 'gelu'"),
        (lambda: init.trunc_normal_(Tensor([1.0]), a=40.0, b=41.0), r"\[40.0, 41.0\] holds next to nothing"),
    ],
)
def test_what_cannot_be_drawn(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
def test_a_tensor_without_elements_stays(name: str) -> None:
    ours = Parameter(np.zeros((5, 0), np.float32))
    assert getattr(init, name)(ours) is ours
