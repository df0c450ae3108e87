"""First weights by the definitions of networks, of fewer random numbers: to draw all of them takes longer than to run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch

#: So many numbers of a tensor are drawn, and stand in it over and over; a prime, so that no two rows of a matrix are the same.
DRAWN = 50_021


@contextmanager
def drawn_in_part() -> Iterator[None]:
    """Networks that are built inside get weights of the distributions that they ask for, from few numbers."""
    with (
        mock.patch.object(torch.Tensor, "uniform_", _in_part(torch.Tensor.uniform_)),
        mock.patch.object(torch.Tensor, "normal_", _in_part(torch.Tensor.normal_)),
    ):
        yield


def _in_part(draw: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def fill(tensor: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        if tensor.numel() <= DRAWN or tensor.is_meta or not tensor.is_contiguous():
            return draw(tensor, *arguments, **options)
        flat = tensor.view(-1)
        draw(flat[:DRAWN], *arguments, **options)
        for start in range(DRAWN, len(flat), DRAWN):
            flat[start : start + DRAWN] = flat[: min(DRAWN, len(flat) - start)]
        return tensor

    return fill
