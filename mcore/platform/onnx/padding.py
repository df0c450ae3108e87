"""Padding."""

from __future__ import annotations

from mcore.platform.dims import Expr
from mcore.platform.onnx.emitter import END, Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.promotion import Scalar
from mcore.platform.ops.rules import Shape, Size

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@writes("pad")
def _pad(e: Emitter, x: Value, *, pad: Shape, mode: str, value: Scalar | None) -> str:
    """Negative pads are slices: after what is added for ``reflect`` and ``replicate``, else before it."""
    none: list[tuple[Size, Size]] = [(0, 0)] * (x.rank - len(pad) // 2)
    pairs = [*none, *[(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]]
    result = x.name
    if mode in ("reflect", "replicate"):
        return _cut(e, _added(e, result, x, pairs, mode, value), pairs)
    return _added(e, _cut(e, result, pairs), x, pairs, mode, value)


def _negative(size: Size) -> bool:
    return not isinstance(size, Expr) and size < 0


def _added(e: Emitter, x: str, like: Value, pairs: list[tuple[Size, Size]], mode: str, value: Scalar | None) -> str:
    before, after = ([0 if _negative(p[i]) else p[i] for p in pairs] for i in range(2))
    if all(p == 0 for p in (*before, *after)):
        return e("Identity", x)
    fill = e.number(0 if value is None else value, like.dtype) if mode == "constant" else None
    return e("Pad", x, e.ints([*before, *after]), fill, mode=_MODES[mode])


def _cut(e: Emitter, x: str, pairs: list[tuple[Size, Size]]) -> str:
    for axis, (before, after) in enumerate(pairs):
        if _negative(before) or _negative(after):
            start, end = (-before if _negative(before) else 0), (after if _negative(after) else END)
            x = e.slice(x, axis, start, end)
    return x
