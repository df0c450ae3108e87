"""What a device host is asked to do in one attempt: plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.policy import Policy


@dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may use: seconds for all of it, from the start of its process; bytes of private memory."""

    time_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class AttemptRequest:
    """One bundle on one unit.

    ``bundle`` is the identity that the bytes in ``bundle_folder`` must have. ``driver`` and ``profile`` say how the unit is
    driven; ``nonce`` must come back in the report, from the process that did the work. ``measured_stack`` is the hash of a
    stack (:func:`workers.stack.stack_hash`) on which this graph was timed before: a unit that has it need not do so again.
    """

    bundle_folder: str
    bundle: str
    driver: str
    profile: Mapping[str, Any]
    policy: Policy
    limits: Limits
    nonce: str
    measured_stack: str | None = None
