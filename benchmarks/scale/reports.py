"""What simulated hosts say: reports with as much in them as real ones have, three sizes and one output each."""

from __future__ import annotations

import random

from farm.protocol import AttemptMessage, CheckedMessage, CheckMessage, ReportMessage
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, LayerError, Stage, TensorError
from workers.spread import THRESHOLDS, Spread

SAMPLES = ("224x224", "128x192", "97x129")
STACK = {"runtime": "simulated 1", "numpy": "2.4.6", "blas": "SkylakeX", "python": "3.11", "cores": "2"}
_CAUSES = {Outcome.INFRA_ERROR: Cause.INFRA, Outcome.UNSUPPORTED_OP: Cause.DEVICE_STACK}
_LAYER = LayerError(
    "conv2d_17", "conv2d", "layer2.0.conv1", 0.3, True, "Conv2d", 0.4, 1e-6, "conv2d(float32[1, 128, 28, 28])"
)


def report(
    message: AttemptMessage, unit: str, outcome: Outcome, seconds: float, chance: random.Random
) -> ReportMessage:
    """The end of an attempt."""
    ran = outcome in (Outcome.PASS, Outcome.MISMATCH)
    said = AttemptReport(
        outcome=outcome,
        cause=_CAUSES.get(outcome, Cause.UNKNOWN),
        message="" if outcome is Outcome.PASS else f"simulated: it ended with {outcome}",
        stage=Stage.DONE if ran else Stage.LOAD,
        bundle=message.bundle,
        nonce=message.nonce,
        stack=STACK,
        cases=tuple(_case(sample, outcome, seconds, chance) for sample in SAMPLES) if ran else (),
        unsupported=("gelu",) if outcome is Outcome.UNSUPPORTED_OP else (),
        load_ms=40 * seconds,
        peak_memory_bytes=500 << 20,
    )
    return ReportMessage(message.attempt, message.token, unit, seconds, said)


def checked(message: CheckMessage, failure: str) -> CheckedMessage:
    """The answer to a check; a failure is the unit's own."""
    return CheckedMessage(
        message.check, message.token, message.device_type, message.unit, failure, False, {} if failure else STACK
    )


def _case(sample: str, outcome: Outcome, seconds: float, chance: random.Random) -> CaseReport:
    spread = Spread(
        elements=1000,
        peak=chance.uniform(4, 40),
        corners=tuple((n + chance.random(), (n + chance.random()) * 1e-6) for n in range(6)),
        above=tuple(max(0, 1000 - 50 * n) for n in range(len(THRESHOLDS))),
        sensitivity=chance.uniform(0.1, 1),
    )
    good = outcome is Outcome.PASS
    tensor = TensorError(
        "output", chance.random() * 1e-5, 1e-6 if good else 0.3, 110.0 if good else 9.0, 1.0 if good else 0.9, 0.0,
        0.9 if good else -3.0, spread,
    )  # fmt: skip
    return CaseReport(
        sample,
        outcome,
        tensors=(tensor,),
        latency_ms=100 * seconds,
        first_divergent_layer=None if good else _LAYER,
        firm=Outcome.PASS,
    )
