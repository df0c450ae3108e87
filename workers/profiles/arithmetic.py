"""Sums in float16 or bfloat16: what an accumulator of the stored type leaves of long sums of products.

Convolutions, their transposes and matrix products are cut along what they sum over. The products of one piece are summed in
float32, as the multiply-add units of such devices do; what is added up of the pieces is rounded after each addition. Every
other op is one operation an element, or sums in float32 on real devices too: rounding its result, as
:mod:`workers.profiles.precision` does, is its arithmetic in that type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import mcore.platform.ops  # noqa: F401  (fills the registry)
from mcore.platform.ops import registry
from workers.profiles.precision import ROUNDINGS, Round

#: Products that are summed before the first rounding.
PRODUCTS = 64

Kernel = Callable[..., Any]


def check(arithmetic: Any, precision: str) -> str:
    """``arithmetic`` as a profile gives it; raises ``ValueError`` for one that does not go with the storage's."""
    if arithmetic == "float32" or (arithmetic == precision and precision in ROUNDINGS):
        return str(arithmetic)
    known = f"float32 or {precision}" if precision in ROUNDINGS else "float32"
    raise ValueError(f"arithmetic: with precision {precision} it is {known}, not {arithmetic!r}")


def kernels(arithmetic: str) -> Mapping[str, Kernel]:
    """The kernels, by op, of a device with such accumulators; none for float32."""
    if arithmetic not in ROUNDINGS:
        return {}
    keep = ROUNDINGS[arithmetic]
    convolutions: dict[str, Kernel] = {f"conv{n}d": _convolution(f"conv{n}d", keep) for n in (1, 2, 3)}
    transposes = {f"conv_transpose{n}d": _transpose(f"conv_transpose{n}d", keep) for n in (1, 2, 3)}
    made = {**convolutions, **transposes, "linear": _linear(keep), "matmul": _matmul(keep)}
    return {name: _of_float32(name, kernel) for name, kernel in made.items()}


def _of_float32(name: str, kernel: Kernel) -> Kernel:
    """``kernel`` for what the device stores in its precision, the plain one for integers and other floats."""

    def either(x: np.ndarray, *arrays: np.ndarray | None, **given: Any) -> np.ndarray:
        chosen = kernel if x.dtype == np.float32 else registry.get(name).kernel
        made: np.ndarray = chosen(x, *arrays, **given)
        return made

    return either


def _convolution(name: str, keep: Round) -> Kernel:
    def convolution(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, **given: Any) -> np.ndarray:
        groups, channels = given["groups"], weight.shape[1]
        grouped = x.reshape(x.shape[0], groups, channels, *x.shape[2:])
        pieces = (
            _plain(name, _joined(grouped[:, :, cut]), weight[:, cut], **given)
            for cut in _cuts(channels, int(np.prod(weight.shape[2:])))
        )
        return _added(pieces, _per_channel(bias, x.ndim), keep)

    return convolution


def _transpose(name: str, keep: Round) -> Kernel:
    def transpose(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, **given: Any) -> np.ndarray:
        groups = given["groups"]
        channels = x.shape[1] // groups
        grouped = x.reshape(x.shape[0], groups, channels, *x.shape[2:])
        kernel = weight.reshape(groups, channels, *weight.shape[1:])
        pieces = (
            _plain(name, _joined(grouped[:, :, cut]), kernel[:, cut].reshape(-1, *weight.shape[1:]), **given)
            for cut in _cuts(channels, int(np.prod(weight.shape[2:])))
        )
        return _added(pieces, _per_channel(bias, x.ndim), keep)

    return transpose


def _linear(keep: Round) -> Kernel:
    def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
        return _added((x[..., cut] @ weight[..., cut].T for cut in _cuts(x.shape[-1], 1)), bias, keep)

    return linear


def _matmul(keep: Round) -> Kernel:
    def matmul(x: np.ndarray, other: np.ndarray) -> np.ndarray:
        def piece(cut: slice) -> np.ndarray:
            made: np.ndarray = np.matmul(x[..., cut], other[cut] if other.ndim == 1 else other[..., cut, :])
            return made

        return _added((piece(cut) for cut in _cuts(x.shape[-1], 1)), None, keep)

    return matmul


def _plain(name: str, x: np.ndarray, weight: np.ndarray, **given: Any) -> np.ndarray:
    made: np.ndarray = registry.get(name).kernel(x, weight, None, **given)
    return made


def _joined(grouped: np.ndarray) -> np.ndarray:
    return grouped.reshape(grouped.shape[0], -1, *grouped.shape[3:])


def _per_channel(bias: np.ndarray | None, rank: int) -> np.ndarray | None:
    return None if bias is None else bias.reshape(-1, *[1] * (rank - 2))


def _cuts(length: int, taps: int) -> Iterator[slice]:
    """``length`` channels, each of so many products, in pieces of :data:`PRODUCTS` at most, and one channel at least."""
    step = max(1, PRODUCTS // taps)
    for start in range(0, max(length, 1), step):
        yield slice(start, start + step)


def _added(pieces: Iterator[np.ndarray], bias: np.ndarray | None, keep: Round) -> np.ndarray:
    total = keep(next(pieces))
    for piece in pieces:
        total = keep(total + piece)
    return total if bias is None else keep(total + bias)
