"""What a device host says about one attempt: plain values, no I/O."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workers.outcome import Cause, Outcome
from workers.spread import Spread


class Stage(StrEnum):
    """How far an attempt came; written before each step, so that a crash has an address."""

    FETCH = "fetch"
    LOAD = "load"
    CANARY = "canary"
    RUN = "run"
    COMPARE = "compare"
    LOCALISE = "localise"
    DONE = "done"


def signal_name(number: int) -> str:
    """``SIGSEGV`` and the like; a number that this machine has no name for as it is."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@dataclass(frozen=True, slots=True)
class TensorError:
    """Figures of one output against its golden, computed in float64; stored for passes too.

    ``margin`` is how far the worst gate was from failing: 0 at the limit, towards 1 far inside, negative outside; ``None``
    where the policy does not judge it. ``spread`` is what judging by other tolerances takes. With ``layer`` these are the worst
    figures of all layers of that op, each alone on golden inputs, and ``output`` names the layer with the least margin. ``run``
    is 1 for a further run on the same inputs that gave something else.
    """

    output: str
    max_abs_error: float
    max_rel_error: float
    sqnr_db: float
    cosine: float
    share_outside: float
    margin: float | None
    spread: Spread | None = None
    layer: str = ""
    run: int = 0


@dataclass(frozen=True, slots=True)
class LayerProbe:
    """A value of the network that was looked at on the way to the first divergent layer; ``error`` is as that one's."""

    value: str
    op: str
    module: str
    error: float


@dataclass(frozen=True, slots=True)
class LayerError:
    """The first node whose output leaves the golden digest, and whether it made the error or inherited it.

    ``module`` is the path of the module that the node came from, ``source`` the name of its class. ``error`` is that of its
    value in the network, by digest. ``local_error`` is that of the node alone on golden inputs, relative to the peak;
    ``inherited_error`` the largest, by digest, of the values that it reads in the network. ``None`` where it is not known.
    ``signature`` is the op with the types and sizes of what it reads. ``probes`` are the values that were looked at, in the
    order of the graph; where layers are judged one by one, the error of each is that of it alone.
    """

    value: str
    op: str
    module: str
    error: float
    introduced_here: bool | None = None
    source: str = ""
    local_error: float | None = None
    inherited_error: float | None = None
    signature: str = ""
    probes: tuple[LayerProbe, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseReport:
    """One sample of the bundle on one unit. Times are in milliseconds.

    ``firm`` is the worst that tolerances have no say in, ``PASS`` where there is nothing of the kind. ``fallback`` says which
    operators an accelerator left to the CPU, whatever the outcome.
    """

    sample: str
    outcome: Outcome
    message: str = ""
    tensors: tuple[TensorError, ...] = ()
    latency_ms: float | None = None
    first_divergent_layer: LayerError | None = None
    firm: Outcome | None = None
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """One try of one bundle on one unit.

    ``bundle`` is the identity that the host itself computed from the bytes it loaded, ``nonce`` the request's. ``stack`` is the
    fingerprint of the unit (driver, runtime and firmware versions). ``signal`` is the number of the signal that ended the
    child, if one did.
    """

    outcome: Outcome
    cause: Cause
    message: str
    stage: Stage
    bundle: str
    nonce: str
    stack: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[CaseReport, ...] = ()
    unsupported: tuple[str, ...] = ()
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    signal: int | None = None
    log: str = ""
