"""Inputs whose outputs no rounding decides, for networks that decide."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mcore.convert import capture
from mcore.convert.running import Size, seeded_inputs
from mcore.convert.samples import take_samples
from mcore.convert.steady import DRAWS, decides, steady_inputs
from mcore.sampling import Sampling
from tests.mcore.convert import modules

IMAGE = Sampling.image(2, ((8, 8), (8, 12), (9, 7)), minimum=4)
SIZE = Size(1, 8, 8)


class Unpooling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        values, places = nn.functional.max_pool2d(x[..., :8, :6], 2, return_indices=True)
        return nn.functional.max_unpool2d(values, places, [2, 2])


class Sizes(nn.Module):
    """Integers that no floating value decides."""

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.arange(x.shape[-1])


class Unread(nn.Module):
    """The places of the largest values are made, and dropped."""

    def forward(self, x: Tensor) -> Tensor:
        return x.topk(2, dim=1)[0]


class Larger(nn.Module):
    """Reads which of two values is the larger; counts its runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def forward(self, x: Tensor) -> Tensor:
        self.runs += 1
        return x * torch.stack([x, x / 2]).argmax(0)


@pytest.mark.parametrize(
    ("model", "wanted"),
    [(Unpooling(), True), (Larger(), True), (Sizes(), False), (Unread(), False), (modules.Classifier(), False)],
)
def test_a_network_decides_where_it_reads_what_is_counted_of_floating_values(model: nn.Module, wanted: bool) -> None:
    (variant,) = capture(
        model.eval(), IMAGE if not isinstance(model, modules.Classifier) else Sampling.image(4)
    ).variants
    assert decides(variant.graph) is wanted


def test_the_first_draw_is_kept_where_it_is_steady() -> None:
    inputs, steady = steady_inputs(Unpooling(), IMAGE, SIZE, "key")
    assert steady
    torch.testing.assert_close(inputs, seeded_inputs(IMAGE, SIZE, "key"), rtol=0, atol=0)


def test_inputs_that_rounding_decides_are_drawn_again_and_the_draw_follows_from_the_key() -> None:
    class Once(nn.Module):
        """Only the first draw is unsteady: its upper left value is known."""

        first = seeded_inputs(IMAGE, SIZE, "key")["x"][0, 0, 0, 0]

        def forward(self, x: Tensor) -> Tensor:
            undecided = (x[0, 0, 0, 0] - self.first).abs() < 1e-5
            return torch.where(undecided & (x[0, 0, 0, 0] != self.first), -x, x)

    inputs, steady = steady_inputs(Once(), IMAGE, SIZE, "key")
    assert steady
    torch.testing.assert_close(inputs, seeded_inputs(IMAGE, SIZE, "key/1"), rtol=0, atol=0)


def test_where_no_draw_is_steady_the_first_is_taken_and_a_remark_says_so() -> None:
    class Never(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.where((x * 2**20).floor() % 2 > 0, x, -x)

    inputs, steady = steady_inputs(Never(), IMAGE, SIZE, "key")
    assert not steady
    torch.testing.assert_close(inputs, seeded_inputs(IMAGE, SIZE, "key"), rtol=0, atol=0)
    model = Never().eval()
    remarks = take_samples(model, IMAGE, capture(model, IMAGE), "key").remarks
    assert [r for r in remarks if "is steady" in r and "8x12" in r]


def test_no_more_is_run_than_is_needed() -> None:
    model = Larger()
    steady_inputs(model, IMAGE, SIZE, "key")
    assert model.runs == 3 < DRAWS


def test_no_more_is_drawn_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def noted(sampling: Sampling, size: Size, seed: str) -> dict[str, Tensor]:
        drawn.append(seed)
        return seeded_inputs(sampling, size, seed)

    monkeypatch.setattr("mcore.convert.steady.seeded_inputs", noted)
    steady_inputs(Larger(), IMAGE, SIZE, "key")
    assert drawn == ["key"]
