"""Pooling and unpooling, of one, two and three dimensions."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch.nn import functional as F

from mcore.convert.from_torch.table import direct, maps, repeated, whole
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dims import Expr


def _max_pool(op: str, indices: bool) -> Any:
    def mapping(
        recorder: Recorder,
        input: Value,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,  # says no more than which function it is
    ) -> Any:
        window = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        outputs = recorder.emit_all(op, [input], **window, ceil_mode=ceil_mode, return_indices=indices)
        return outputs if indices else outputs[0]

    return mapping


def _adaptive(op: str, rank: int, indices: bool = False) -> Any:
    def mapping(recorder: Recorder, input: Value, output_size: Any, return_indices: bool = False) -> Any:
        own: tuple[int | Expr, ...] = input.type.shape[-rank:]
        wanted = repeated(output_size, rank)
        sizes = tuple(n if n is not None else size for n, size in zip(wanted, own, strict=True))
        outputs = recorder.emit_all(op, [input], output_size=sizes, **({"return_indices": True} if indices else {}))
        return outputs if indices else outputs[0]

    return mapping


def _max_unpool(op: str, rank: int) -> Any:
    def mapping(
        recorder: Recorder,
        input: Value,
        indices: Value,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Value:
        size = None if output_size is None else tuple(output_size)[-rank:]  # torch takes the whole shape too
        window = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        return recorder.emit(op, [input, indices], **window, output_size=size)

    return mapping


def _lp_pool(rank: int) -> Any:
    def mapping(
        recorder: Recorder,
        input: Value,
        norm_type: float,
        kernel_size: Any,
        stride: Any = None,
        ceil_mode: bool = False,
    ) -> Value:
        powers = recorder.emit("pow", [input], other=norm_type)
        window = {"kernel_size": kernel_size, "stride": stride, "ceil_mode": ceil_mode}
        mean = recorder.emit(f"avg_pool{rank}d", [powers], **window)
        count = prod(whole(recorder, k, "the window") for k in repeated(kernel_size, rank))
        return recorder.emit("pow", [recorder.emit("mul", [mean], other=count)], other=1.0 / norm_type)

    return mapping


for _rank in (1, 2, 3):
    _max, _avg = f"max_pool{_rank}d", f"avg_pool{_rank}d"
    maps(getattr(F, _max), getattr(torch, _max))(_max_pool(_max, indices=False))
    maps(f"{_max}_with_indices")(_max_pool(_max, indices=True))
    direct(_avg)
    maps(f"adaptive_{_avg}")(_adaptive(f"adaptive_{_avg}", _rank))
    maps(getattr(F, f"adaptive_{_max}"))(_adaptive(f"adaptive_{_max}", _rank))
    maps(getattr(F, f"adaptive_{_max}_with_indices"))(_adaptive(f"adaptive_{_max}", _rank, indices=True))
    maps(getattr(F, f"max_unpool{_rank}d"))(_max_unpool(f"max_unpool{_rank}d", _rank))
    maps(getattr(F, f"lp_pool{_rank}d"))(_lp_pool(_rank))
