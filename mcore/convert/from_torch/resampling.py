"""Images at another size or at other positions, patches of them, and padding."""

from __future__ import annotations

from typing import Any

from torch.nn import functional as F

from mcore.convert.from_torch.table import MAPPINGS, callables, direct, maps, sequence
from mcore.convert.recorder import Recorder, Value
from mcore.platform.ops.resize import output_size, per_axis

direct("unfold", F.unfold)
direct("fold", F.fold)
direct("grid_sample", F.grid_sample)
direct("affine_grid", F.affine_grid)


@maps(F.interpolate)
def interpolate(
    recorder: Recorder,
    input: Value,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Value:
    axes = input.rank - 2
    if scale_factor is not None:
        scale_factor = per_axis(sequence(scale_factor, ()), axes)
        if recompute_scale_factor or mode == "area":  # the factor only says the size
            factors = zip(input.type.shape[2:], scale_factor, strict=True)
            size, scale_factor = [output_size(own, float(factor)) for own, factor in factors], None
    if size is not None:
        size = per_axis(sequence(size, ()), axes)
    if mode == "area":
        pooling = MAPPINGS.get(getattr(F, f"adaptive_avg_pool{axes}d"))
        if pooling is None:
            recorder.refuse(f"interpolate by area of {axes} dimensions has no op of the Platform")
        return pooling(recorder, input, size)
    return recorder.emit(
        "interpolate",
        [input],
        size=size,
        scale_factor=scale_factor,
        mode=mode,
        align_corners=align_corners,
        antialias=antialias,
    )


@maps(*callables("pad"))
def pad(recorder: Recorder, input: Value, pad: Any, mode: str = "constant", value: Any = None) -> Value:
    given = {} if value is None else {"value": value}
    return recorder.emit("pad", [input], pad=pad, mode=mode, **given)
