"""What follows a product while its result is still in the cache: bias, residual, activation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mcore.platform.runtime.flat import TILE, pieces, repeated, with_vector
from mcore.platform.runtime.operation import Values
from mcore.platform.runtime.pointwise import Pointwise
from mcore.platform.runtime.step import Step


@dataclass(frozen=True, slots=True)
class Combine:
    """Combine with another value of the same shape and storage: ``ufunc(result, value)``, where the order does not matter."""

    ufunc: np.ufunc
    value: str


Stage = Pointwise | Combine


class Epilogue:
    """A bias for each channel (the last stored dimension), then stages in order, all in place.

    ``scratch`` is the number of elements that :meth:`steps` wants as a temporary.
    """

    def __init__(self, channels: int, bias: np.ndarray | None, stages: Sequence[Stage]) -> None:
        self._channels = channels
        self._bias = None if bias is None else repeated(bias)
        self._stages = tuple(stages)
        self.inputs = tuple(s.value for s in stages if isinstance(s, Combine))
        temporaries = max((stage.temporaries for stage in stages if isinstance(stage, Pointwise)), default=0)
        self.scratch = max(TILE, channels) * temporaries

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self._bias is None and not self._stages

    def steps(
        self, values: Values, output: str, scratch: np.ndarray, start: int = 0, stop: int | None = None
    ) -> Iterator[Step]:
        """Steps for elements ``start`` to ``stop`` of the stored ``output``; both are multiples of the channels."""
        if self.is_empty:
            return
        flat = values.stored(output).reshape(-1)
        others = {name: values.stored(name).reshape(-1) for name in self.inputs}
        for first, last in pieces(start, flat.size if stop is None else stop, self._channels):
            piece = flat[first:last]
            if self._bias is not None:
                yield from with_vector(np.add, piece, self._bias, piece)
            for stage in self._stages:
                if isinstance(stage, Combine):
                    yield Step(stage.ufunc, (piece, others[stage.value][first:last]), piece)
                else:
                    yield from stage.passes(piece, piece, scratch[: stage.temporaries * (last - first)])
