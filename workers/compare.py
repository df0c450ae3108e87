"""Compare the outputs of a device with the golden ones under a policy: values in, values out.

The order of the rules, for each output: shape and dtype must be the golden's (``SHAPE_OR_DTYPE``); a golden that is not
finite cannot judge (``REFERENCE_INVALID``); a value that is not finite where its golden is finite is ``NONFINITE``; integers
and booleans must be equal; floating-point values must pass both gates of the policy, else ``MISMATCH``. An empty tensor of
the right shape and dtype passes. Nothing here says that a pass counts: see :mod:`workers.evidence`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mcore.platform.figures import EXACT_SQNR_DB, Figures, figures
from workers.outcome import Outcome, worst
from workers.policy import Policy
from workers.report import TensorError

#: A figure without a finite value (an error relative to a golden of zeros, say) is reported as this; JSON has no infinity.
LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing gave: ``PASS`` when all gates hold, else the failure, with one line that says where."""

    outcome: Outcome
    message: str = ""
    tensors: tuple[TensorError, ...] = ()


def compare_outputs(outputs: Mapping[str, np.ndarray], goldens: Mapping[str, np.ndarray], policy: Policy) -> Comparison:
    """Compare all outputs of one sample; the outcome is the worst of them, the message that of the worst output.

    An output that is missing, or that the golden does not have, is ``SHAPE_OR_DTYPE``.
    """
    results = []
    for name, golden in goldens.items():
        if name in outputs:
            results.append(compare_output(name, outputs[name], golden, policy))
        else:
            results.append(Comparison(Outcome.SHAPE_OR_DTYPE, f"output {name!r} is missing"))
    for name in sorted(outputs.keys() - goldens.keys()):
        results.append(Comparison(Outcome.SHAPE_OR_DTYPE, f"output {name!r} has no golden"))
    if not results:
        return Comparison(Outcome.REFERENCE_INVALID, "the sample has no golden output")
    outcome = worst(result.outcome for result in results)
    message = next(result.message for result in results if result.outcome is outcome)
    return Comparison(outcome, message, tuple(error for result in results for error in result.tensors))


def compare_output(name: str, value: np.ndarray, golden: np.ndarray, policy: Policy) -> Comparison:
    """Compare one output of any shape with its golden.

    The margin of the figures is made from how much of each gate is used up, ``u``: for the element gate, the largest
    ``|a - b| / (atol_rel * max|b| + rtol * |b|)`` after the allowed share of worst elements is set aside; for the SQNR,
    ``10 ** ((limit - sqnr) / 20)``, a ratio of amplitudes; for the cosine, ``(1 - cosine) / (1 - limit)``. With the largest
    of the three the margin is ``1 - u`` up to the limit and ``1 / u - 1`` beyond it: 1 for equal values, 0 at the limit,
    towards -1 far outside. It is continuous, falls as errors grow, and is at least 0 exactly when the gates hold.
    """
    if value.shape != golden.shape or value.dtype != golden.dtype:
        return Comparison(
            Outcome.SHAPE_OR_DTYPE,
            f"output {name!r} is {_type_of(value)}, the golden is {_type_of(golden)}",
        )
    if golden.dtype.kind != "f":
        return _compare_exact(name, value, golden)
    if not np.isfinite(golden).all():
        return Comparison(Outcome.REFERENCE_INVALID, f"the golden of output {name!r} is not finite everywhere")
    finite = np.isfinite(value)
    if not finite.all():
        return _nonfinite(name, value, golden, finite, policy)
    return _compare_gates(name, value, golden, policy)


def _compare_gates(name: str, value: np.ndarray, golden: np.ndarray, policy: Policy) -> Comparison:
    a, b, exponent = _scaled(value, golden)
    with np.errstate(all="ignore"):
        found = figures(a, b)
    ratios = _element_ratios(a, b, policy)
    used = {
        "element gate": _after_allowed(ratios, policy.allowed_share),
        "SQNR": 0.0 if found.sqnr_db == EXACT_SQNR_DB else 10.0 ** min((policy.sqnr_db - found.sqnr_db) / 20.0, 300.0),
        "cosine": _cosine_used(found.cosine, policy.cosine),
    }
    gate, most = max(used.items(), key=lambda item: math.inf if math.isnan(item[1]) else item[1])
    error = _tensor_error(name, found, exponent, float(np.mean(ratios > 1.0)) if ratios.size else 0.0, _margin(most))
    if error.margin >= 0.0:
        return Comparison(Outcome.PASS, tensors=(error,))
    detail = {
        "element gate": f"{error.share_outside:.3g} of the elements are outside, {policy.allowed_share:g} may be",
        "SQNR": f"SQNR is {error.sqnr_db:.1f} dB, {policy.sqnr_db:g} dB is the least",
        "cosine": f"cosine is {error.cosine:.6f}, {policy.cosine:g} is the least",
    }[gate]
    message = f"output {name!r} leaves its golden: {detail}; largest error {error.max_rel_error:.3g} of the peak"
    return Comparison(Outcome.MISMATCH, message, (error,))


def _compare_exact(name: str, value: np.ndarray, golden: np.ndarray) -> Comparison:
    differs = value != golden
    share = float(np.mean(differs)) if golden.size else 0.0
    found = figures(value, golden)
    error = _tensor_error(name, found, 0, share, -1.0 if share else 1.0)
    if not share:
        return Comparison(Outcome.PASS, tensors=(error,))
    message = f"output {name!r} ({golden.dtype}) must be exact: {int(differs.sum())} of {golden.size} elements differ"
    return Comparison(Outcome.MISMATCH, message, (error,))


def _nonfinite(name: str, value: np.ndarray, golden: np.ndarray, finite: np.ndarray, policy: Policy) -> Comparison:
    """Figures are of the finite elements; those that are not count as outside."""
    bad = int(golden.size - finite.sum())
    rest = _compare_gates(name, value[finite], golden[finite], policy).tensors[0]
    share = (rest.share_outside * (golden.size - bad) + bad) / golden.size
    first = np.unravel_index(int(np.argmin(finite)), golden.shape)
    message = f"output {name!r}: {bad} of {golden.size} elements are not finite, the first at {[int(i) for i in first]}"
    return Comparison(Outcome.NONFINITE, message, (replace(rest, share_outside=share, margin=-1.0),))


def _scaled(value: np.ndarray, golden: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Both in float64, flat, divided by ``2 ** exponent`` so that the golden's peak is in [0.5, 1).

    The division is exact, so figures do not depend on the scale, and squares neither overflow nor vanish.
    """
    b = np.asarray(golden, dtype=np.float64).reshape(-1)
    a = np.asarray(value, dtype=np.float64).reshape(-1)
    exponent = int(np.frexp(np.abs(b).max())[1]) if b.size else 0
    with np.errstate(over="ignore"):
        return np.ldexp(a, -exponent), np.ldexp(b, -exponent), exponent


def _element_ratios(a: np.ndarray, b: np.ndarray, policy: Policy) -> np.ndarray:
    if not b.size:
        return np.zeros(0)
    size = np.abs(b)
    limit = policy.atol_rel * size.max() + policy.rtol * size
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.abs(a - b)
        return np.where(error == 0.0, 0.0, error / limit)


def _after_allowed(ratios: np.ndarray, allowed_share: float) -> float:
    """The largest ratio once the allowed number of worst elements is set aside."""
    aside = math.floor(allowed_share * ratios.size + 1e-9)
    if aside >= ratios.size:
        return 0.0
    return float(np.partition(ratios, ratios.size - 1 - aside)[ratios.size - 1 - aside])


def _cosine_used(cosine: float, limit: float) -> float:
    # Rounding leaves a cosine of equal directions a few ulp short of 1: what float64 cannot tell from 1 is 1.
    gap = 1.0 - cosine
    if gap <= 1e-15:
        return 0.0
    return gap / (1.0 - limit) if limit < 1.0 else math.inf


def _margin(used: float) -> float:
    if math.isnan(used):
        return -1.0
    return 1.0 - used if used <= 1.0 else 1.0 / used - 1.0


def _tensor_error(name: str, found: Figures, exponent: int, share_outside: float, margin: float) -> TensorError:
    try:
        max_abs = math.ldexp(found.max_abs_error, exponent)
    except OverflowError:
        max_abs = math.inf
    sqnr = found.sqnr_db if math.isfinite(found.sqnr_db) else -EXACT_SQNR_DB
    cosine = found.cosine if math.isfinite(found.cosine) else 0.0
    return TensorError(name, _finite(max_abs), _finite(found.max_rel_error), sqnr, cosine, share_outside, margin)


def _finite(figure: float) -> float:
    return min(figure, LARGEST) if not math.isnan(figure) else LARGEST


def _type_of(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"
