"""Padding of the last dimensions."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.promotion import Scalar, as_arrays
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Shape, Size, check_not_negative

_NUMPY_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
#: How many elements more than padding a dimension must have, by mode.
_SPARE = {"reflect": 1, "replicate": 0, "circular": 0}


def _infer_pad(x: TensorType, *, pad: Shape, mode: str, value: Scalar | None) -> tuple[TensorType, ...]:
    if mode != "constant" and mode not in _NUMPY_MODES:
        raise ShapeError(f"mode must be constant, {', '.join(_NUMPY_MODES)}; it is {mode!r}")
    if len(pad) % 2 or len(pad) > 2 * len(x.shape):
        raise ShapeError(f"pad has {len(pad)} numbers; it takes two for each of up to {len(x.shape)} last dimensions")
    shape = list(x.shape)
    for position in range(0, len(pad), 2):
        axis = len(shape) - 1 - position // 2
        before, after = pad[position], pad[position + 1]
        if mode != "constant":
            _check_source(
                _kept(shape[axis], before, after) if mode == "circular" else shape[axis], (before, after), mode
            )
        shape[axis] = shape[axis] + before + after
    check_not_negative(size=shape)
    return (TensorType(x.dtype, tuple(shape)),)


def _kept(size: Size, before: Size, after: Size) -> Size:
    """What negative pads leave of a dimension."""
    return size + sum(pad for pad in (before, after) if isinstance(pad, int) and pad < 0)


def _check_source(size: Size, pads: tuple[Size, Size], mode: str) -> None:
    """Raise unless a dimension of ``size`` has the elements that ``mode`` pads it with."""
    for pad in pads:
        if not isinstance(size, int) or not isinstance(pad, int) or pad <= 0:
            continue
        if size < 1 or (mode != "replicate" and pad + _SPARE[mode] > size):
            raise ShapeError(f"a dimension of {size} has too few elements for {mode} padding by {pad}")


@op(
    "pad",
    inputs=("x",),
    infer=_infer_pad,
    attributes=(
        Attribute("pad", "sizes"),
        Attribute("mode", "str", "constant"),
        Attribute("value", "scalar?", None),
    ),
)
def pad(x: np.ndarray, *, pad: tuple[int, ...], mode: str, value: Scalar | None) -> np.ndarray:
    """``x`` with ``pad[0]`` elements before and ``pad[1]`` after its last dimension, ``pad[2:4]`` for the one before that ....

    ``constant`` fills with ``value`` (0 by default), ``reflect`` mirrors without the border itself, ``replicate`` repeats the
    border, ``circular`` goes on at the other end. A negative pad cuts elements off: of ``reflect`` and ``replicate`` from the
    result, else before anything is added.
    """
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + [pad[i : i + 2] for i in range(len(pad) - 2, -1, -2)]
    added = [(max(a, 0), max(b, 0)) for a, b in pairs]
    if mode in ("reflect", "replicate"):
        x = np.pad(x, added, _NUMPY_MODES[mode])  # type: ignore[call-overload]
    x = x[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pairs, strict=True))]
    if mode != "constant":
        return np.pad(x, added, "wrap") if mode == "circular" else x
    (fill,) = as_arrays(0 if value is None else value, dtype=DType.of(x))
    return np.pad(x, added, constant_values=fill)
