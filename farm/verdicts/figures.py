"""What the table shows of an attempt's cases, packed into one value that is kept on the attempt.

A table of five hundred architectures on twenty device types has ten thousand cells: to add their figures up from the rows of
forty thousand cases at each look takes seconds. The rows stay what is true; this is derived from them when they are written.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, msgpack

from farm.database.models import CaseResult, LayerError
from farm.states.cell import Layer, Resolution
from workers.outcome import Outcome


class Figures(Struct, frozen=True, array_like=True, gc=False):
    """The resolutions of an attempt, in the order of its cases, the first divergent layer of the first that has one, and what
    the device lacks.
    """

    resolutions: tuple[Resolution, ...] = ()
    first_divergent_layer: Layer | None = None
    unsupported: tuple[str, ...] = ()


_DECODER = msgpack.Decoder(Figures)


def pack(cases: Iterable[CaseResult], unsupported: Iterable[str] = ()) -> bytes:
    """The figures of an attempt as MessagePack."""
    given = list(cases)
    layer = next((case.layer for case in given if case.layer), None)
    return msgpack.encode(Figures(tuple(map(_resolution, given)), _layer(layer) if layer else None, tuple(unsupported)))


def unpack(packed: bytes | None) -> Figures:
    """What :func:`pack` packed; an attempt that has not ended has none."""
    return _DECODER.decode(packed) if packed else Figures()


def _resolution(case: CaseResult) -> Resolution:
    ends = [t for t in case.tensors if not t.layer]
    return Resolution(
        sample=case.sample,
        outcome=Outcome(case.outcome),
        max_abs_error=max((t.max_abs_error for t in ends), default=None),
        sqnr_db=min((t.sqnr_db for t in ends), default=None),
        margin=min((t.margin for t in case.tensors if t.margin is not None), default=None),
        latency_ms=case.latency_ms,
        message=case.message,
    )


def _layer(layer: LayerError) -> Layer:
    return Layer(
        layer.value,
        layer.op,
        layer.module,
        layer.error,
        layer.introduced_here,
        layer.source,
        layer.local_error,
        layer.inherited_error,
        layer.signature,
    )
