"""A cell of the support table as a value: what is known of one architecture on one device type, and how.

A table has ten thousand of them; as structs that the garbage collector need not look through they are made in a third of the
time that data classes take.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from farm.conditions.infer import Condition
from farm.states.prediction import Prediction
from farm.states.verdict import Provenance, Verdict
from workers.outcome import Outcome


class Resolution(Struct, frozen=True, array_like=True, gc=False):
    """One sample of a cell; the worst figures over its outputs, and the margin of what its policy judges."""

    sample: str
    outcome: Outcome
    max_abs_error: float | None
    sqnr_db: float | None
    margin: float | None
    latency_ms: float | None
    message: str


class Layer(Struct, frozen=True, array_like=True, gc=False):
    """The first divergent layer of a cell; see :class:`workers.report.LayerError`."""

    value: str
    op: str
    module: str
    error: float
    introduced_here: bool | None
    source: str = ""
    local_error: float | None = None
    inherited_error: float | None = None
    signature: str = ""


class Source(Struct, frozen=True, gc=False):
    """The attempt that observed something, and the commit that it was made for."""

    attempt: str
    commit: str
    date: datetime | None


class Cell(Struct, frozen=True, gc=False):
    """What is known of one architecture on one device type. ``state`` says what is under way, empty where nothing is.

    ``attempt`` observed it, for ``submission`` of ``commit``, on ``date`` and on ``unit``, which had the ``stack``; ``changed``
    says how the present stack differs. A failure counts until ``expires``. Latencies that the attempt did not take itself are
    those of ``latency_from``, of the same graph on the same stack. Only a cell that was never tested has a ``prediction``, and
    only a PARTIAL one a ``condition``; without, ``probe`` says how far the search for it is. ``rejudged`` is the attempt that
    ran, where this one is only what another policy says of it.
    """

    device: str
    verdict: Verdict
    provenance: Provenance
    outcome: Outcome | None = None
    cause: str | None = None
    message: str = ""
    resolutions: tuple[Resolution, ...] = ()
    unsupported: tuple[str, ...] = ()
    first_divergent_layer: Layer | None = None
    attempt: str | None = None
    commit: str | None = None
    state: str = ""
    submission: str | None = None
    date: datetime | None = None
    unit: str | None = None
    stack: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    expires: datetime | None = None
    latency_from: Source | None = None
    prediction: Prediction | None = None
    condition: Condition | None = None
    probe: str = ""
    rejudged: str | None = None

    @property
    def max_abs_error(self) -> float | None:
        return max([r.max_abs_error for r in self.resolutions if r.max_abs_error is not None], default=None)

    @property
    def sqnr_db(self) -> float | None:
        return min([r.sqnr_db for r in self.resolutions if r.sqnr_db is not None], default=None)

    @property
    def margin(self) -> float | None:
        return min([r.margin for r in self.resolutions if r.margin is not None], default=None)

    @property
    def latency_ms(self) -> float | None:
        return max([r.latency_ms for r in self.resolutions if r.latency_ms is not None], default=None)
