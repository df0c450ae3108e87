"""Compare the outputs of a device with the golden ones under a policy: values in, values out.

The order of the rules, for each output: shape and dtype must be the golden's (``SHAPE_OR_DTYPE``); a golden that is not
finite cannot judge (``REFERENCE_INVALID``); a value that is not finite where its golden is finite is ``NONFINITE``; integers
and booleans must be equal; floating-point values must pass both gates of the policy, else ``MISMATCH``. An empty tensor of
the right shape and dtype passes; a golden of zeros is met by zeros alone. Nothing here says that a pass counts: see
:mod:`workers.judging.evidence`. Detections and rankings, whose order may rightly differ, are put in order before
(:mod:`workers.judging.detections`, :mod:`workers.judging.rankings`). What is kept of each comparison judges again by
other tolerances: :mod:`workers.judging.rejudge`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcore.platform.figures import EXACT_SQNR_DB, Figures, figures
from workers.judging.hull import spread_of
from workers.outcome import Outcome, worst
from workers.policy import Policy
from workers.report import TensorError
from workers.spread import Spread, allowed

#: A figure without a finite value (an error relative to a golden of zeros, say) is reported as this; JSON has no infinity.
LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing gave: ``PASS`` when all gates hold, else the failure, with one line that says where.

    ``firm`` is what it would be if the gates were as wide as can be: the worst that no tolerance changes.
    """

    outcome: Outcome
    message: str = ""
    tensors: tuple[TensorError, ...] = ()
    firm: Outcome = Outcome.PASS


def compare_outputs(
    outputs: Mapping[str, np.ndarray], goldens: Mapping[str, np.ndarray], policy: Policy, *, gated: bool = True
) -> Comparison:
    """Compare all outputs of one sample; the outcome is the worst of them, the message that of the worst output.

    An output that is missing, or that the golden does not have, is ``SHAPE_OR_DTYPE``. Unless ``gated`` floating-point values
    are not held against the gates: their figures are there to be read, and only what no tolerance changes can fail.
    """
    results = []
    for name, golden in goldens.items():
        if name in outputs:
            compared = compare_output(name, outputs[name], golden, policy)
            results.append(compared if gated else _ungated(compared))
        else:
            results.append(_firm(Outcome.SHAPE_OR_DTYPE, f"output {name!r} is missing"))
    for name in sorted(outputs.keys() - goldens.keys()):
        results.append(_firm(Outcome.SHAPE_OR_DTYPE, f"output {name!r} has no golden"))
    if not results:
        return _firm(Outcome.REFERENCE_INVALID, "the sample has no golden output")
    return all_of(results)


def all_of(results: Sequence[Comparison]) -> Comparison:
    """One or more comparisons as one: the worst outcome, with its message."""
    outcome = worst(result.outcome for result in results)
    message = next(result.message for result in results if result.outcome is outcome)
    tensors = tuple(error for result in results for error in result.tensors)
    return Comparison(outcome, message, tensors, worst(result.firm for result in results))


def compare_output(name: str, value: np.ndarray, golden: np.ndarray, policy: Policy, *, layer: str = "") -> Comparison:
    """Compare one output of any shape with its golden; with ``layer`` it is that of a layer of this op, run alone.

    The margin of the figures is made from how much of each gate is used up, ``u``: for the element gate, the largest
    ``|a - b| / (atol_rel * max|b| + rtol * |b|)`` after the allowed share of worst elements is set aside; for the SQNR,
    ``10 ** ((limit - sqnr) / 20)``, a ratio of amplitudes; for the cosine, ``(1 - cosine) / (1 - limit)``. With the largest
    of the three the margin is ``1 - u`` up to the limit and ``1 / u - 1`` beyond it: 1 for equal values, 0 at the limit,
    towards -1 far outside. It is continuous, falls as errors grow, and is at least 0 exactly when the gates hold.
    """
    if value.shape != golden.shape or value.dtype != golden.dtype:
        return _firm(
            Outcome.SHAPE_OR_DTYPE,
            f"{_what(name, layer)} is {_type_of(value)}, the golden is {_type_of(golden)}",
        )
    if golden.dtype.kind != "f":
        return _compare_exact(name, value, golden, layer)
    if not np.isfinite(golden).all():
        return _firm(Outcome.REFERENCE_INVALID, f"the golden of {_what(name, layer)} is not finite everywhere")
    finite = np.isfinite(value)
    if not finite.all():
        return _nonfinite(name, value, golden, finite, policy, layer)
    return _compare_gates(name, value, golden, policy, layer)


def _compare_gates(name: str, value: np.ndarray, golden: np.ndarray, policy: Policy, layer: str) -> Comparison:
    a, b, exponent = _scaled(value, golden)
    with np.errstate(all="ignore"):
        found = figures(a, b)
    ratios = _element_ratios(a, b, policy)
    gate, most = most_used(_after_allowed(ratios, policy.allowed_share), found.sqnr_db, found.cosine, policy)
    outside = float(np.mean(ratios > 1.0)) if ratios.size else 0.0
    error = _tensor_error(name, found, exponent, outside, margin_of(most), spread_of(a, b), layer)
    if most <= 1.0:
        return Comparison(Outcome.PASS, tensors=(error,))
    return Comparison(Outcome.MISMATCH, said_of(error, gate, policy), (error,))


def used_of(element_gate: float, sqnr_db: float, cosine: float, policy: Policy) -> dict[str, float]:
    """How much of each gate is used up, 1 at the limit, by its name; ``element_gate`` is that of its own."""
    used = {
        "element gate": element_gate,
        "SQNR": 0.0 if sqnr_db == EXACT_SQNR_DB else 10.0 ** min((policy.sqnr_db - sqnr_db) / 20.0, 300.0),
        "cosine": _cosine_used(cosine, policy.cosine),
    }
    return {gate: math.inf if math.isnan(share) else share for gate, share in used.items()}


def most_used(element_gate: float, sqnr_db: float, cosine: float, policy: Policy) -> tuple[str, float]:
    """The gate that is used up most, and how much of it; arguments as in :func:`used_of`."""
    return max(used_of(element_gate, sqnr_db, cosine, policy).items(), key=lambda item: item[1])


def said_of(error: TensorError, gate: str, policy: Policy) -> str:
    """One line on a tensor that ``gate`` stopped."""
    detail = {
        "element gate": f"{error.share_outside:.3g} of the elements are outside, {policy.allowed_share:g} may be",
        "SQNR": f"SQNR is {error.sqnr_db:.1f} dB, {policy.sqnr_db:g} dB is the least",
        "cosine": f"cosine is 1 - {1 - error.cosine:.2g}, 1 - {1 - policy.cosine:.2g} is the least",
    }[gate]
    what = _what(error.output, error.layer)
    return f"{what} leaves its golden: {detail}; largest error {error.max_rel_error:.3g} of the peak"


def _compare_exact(name: str, value: np.ndarray, golden: np.ndarray, layer: str) -> Comparison:
    differs = value != golden
    share = float(np.mean(differs)) if golden.size else 0.0
    found = figures(value, golden)
    error = _tensor_error(name, found, 0, share, -1.0 if share else 1.0, Spread(golden.size, 0.0), layer)
    if not share:
        return Comparison(Outcome.PASS, tensors=(error,))
    message = (
        f"{_what(name, layer)} ({golden.dtype}) must be exact: {int(differs.sum())} of {golden.size} elements differ"
    )
    return _firm(Outcome.MISMATCH, message, error)


def _nonfinite(
    name: str, value: np.ndarray, golden: np.ndarray, finite: np.ndarray, policy: Policy, layer: str
) -> Comparison:
    """Figures are of the finite elements; those that are not count as outside."""
    bad = int(golden.size - finite.sum())
    rest = _compare_gates(name, value[finite], golden[finite], policy, layer).tensors[0]
    share = (rest.share_outside * (golden.size - bad) + bad) / golden.size
    first = np.unravel_index(int(np.argmin(finite)), golden.shape)
    message = (
        f"{_what(name, layer)}: {bad} of {golden.size} elements are not finite, the first at {[int(i) for i in first]}"
    )
    spread = rest.spread and replace(rest.spread, elements=golden.size, nonfinite=bad)
    return _firm(Outcome.NONFINITE, message, replace(rest, share_outside=share, margin=-1.0, spread=spread))


def _ungated(compared: Comparison) -> Comparison:
    if compared.firm is not Outcome.PASS:
        return compared
    return Comparison(Outcome.PASS, tensors=tuple(replace(error, margin=None) for error in compared.tensors))


def _firm(outcome: Outcome, message: str, *tensors: TensorError) -> Comparison:
    return Comparison(outcome, message, tensors, outcome)


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
    aside = allowed(allowed_share, ratios.size)
    if aside >= ratios.size:
        return 0.0
    return float(np.partition(ratios, ratios.size - 1 - aside)[ratios.size - 1 - aside])


def _cosine_used(cosine: float, limit: float) -> float:
    # Rounding leaves a cosine of equal directions a few ulp short of 1: what float64 cannot tell from 1 is 1.
    gap = 1.0 - cosine
    if gap <= 1e-15:
        return 0.0
    return gap / (1.0 - limit) if limit < 1.0 else math.inf


def margin_of(used: float) -> float:
    """The margin of a gate of which so much is used up."""
    return 1.0 - used if used <= 1.0 else 1.0 / used - 1.0


def _tensor_error(
    name: str, found: Figures, exponent: int, share_outside: float, margin: float, spread: Spread, layer: str
) -> TensorError:
    try:
        max_abs = math.ldexp(found.max_abs_error, exponent)
    except OverflowError:
        max_abs = math.inf
    sqnr = found.sqnr_db if math.isfinite(found.sqnr_db) else -EXACT_SQNR_DB
    cosine = found.cosine if math.isfinite(found.cosine) else 0.0
    return TensorError(
        name, _finite(max_abs), _finite(found.max_rel_error), sqnr, cosine, share_outside, margin, spread, layer
    )


def _finite(figure: float) -> float:
    return min(figure, LARGEST) if not math.isnan(figure) else LARGEST


def _what(name: str, layer: str) -> str:
    return f"layer {name!r} ({layer}) alone" if layer else f"output {name!r}"


def _type_of(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"
