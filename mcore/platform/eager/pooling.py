"""Pooling as functions of tensors, where torch has more forms than the op: sizes that stay, whole shapes, p-norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from mcore.platform.eager.base import Tensor
from mcore.platform.eager.calling import run

Sizes = int | Sequence[int]


def _adaptive_avg(rank: int) -> Callable[..., Tensor]:
    name = f"adaptive_avg_pool{rank}d"

    def function(input: Tensor, output_size: Any) -> Tensor:
        result: Tensor = run(name, (input,), {"output_size": _kept(input, output_size, rank)})
        return result

    return _named(function, name, "Mean of each of ``output_size`` bins that cover the input; ``None`` keeps a size.")


def _adaptive_max(rank: int) -> Callable[..., Any]:
    name = f"adaptive_max_pool{rank}d"

    def function(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        attributes = {"output_size": _kept(input, output_size, rank), "return_indices": return_indices}
        return run(name, (input,), attributes)

    text = (
        "Largest value of each of ``output_size`` bins that cover the input (``None`` keeps a size), and where it was."
    )
    return _named(function, name, text)


def _unpool(rank: int) -> Callable[..., Tensor]:
    name = f"max_unpool{rank}d"

    def function(
        input: Tensor,
        indices: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        output_size: Sequence[int] | None = None,
    ) -> Tensor:
        size = None if output_size is None else tuple(output_size)[-rank:]
        attributes = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "output_size": size}
        result: Tensor = run(name, (input, indices), attributes)
        return result

    text = (
        "Values back at ``indices``, as max pooling gave them, zeros elsewhere; ``output_size`` may be the whole shape."
    )
    return _named(function, name, text)


def _lp_pool(rank: int) -> Callable[..., Tensor]:
    name = f"lp_pool{rank}d"

    def function(
        input: Tensor,
        norm_type: float,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        ceil_mode: bool = False,
    ) -> Tensor:
        powers = run("pow", (input,), {"other": norm_type})
        window = {"kernel_size": kernel_size, "stride": stride, "ceil_mode": ceil_mode}
        count = prod((kernel_size,) * rank if isinstance(kernel_size, int) else kernel_size)
        total = run("mul", (run(f"avg_pool{rank}d", (powers,), window),), {"other": count})
        result: Tensor = run("pow", (total,), {"other": 1.0 / norm_type})
        return result

    return _named(function, name, "The ``norm_type``-th root of the sum of the powers in each window.")


def _named(function: Callable[..., Any], name: str, text: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def _kept(input: Tensor, output_size: Any, rank: int) -> tuple[int, ...]:
    sizes = output_size if isinstance(output_size, Sequence) else (output_size,) * rank
    return tuple(own if size is None else size for own, size in zip(input.shape[-rank:], sizes, strict=True))


FUNCTIONS: tuple[Callable[..., Any], ...] = tuple(
    make(rank) for make in (_adaptive_avg, _adaptive_max, _unpool, _lp_pool) for rank in (1, 2, 3)
)
