"""How far a tensor stays inside of each gate of its policy, from the figures that were kept of it; pure."""

from __future__ import annotations

from dataclasses import dataclass

from workers.judging.compare import margin_of, used_of
from workers.policy import Policy
from workers.report import TensorError
from workers.spread import element_gate


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what was found, what it asks for, and the margin between, below 0 where it does not hold."""

    name: str
    found: str
    limit: str
    margin: float


def limits_of(policy: Policy) -> tuple[tuple[str, str], ...]:
    """Each gate of a policy by its name, and what it asks for."""
    share = f", but for {policy.allowed_share:g} of the elements" if policy.allowed_share else ""
    return (
        ("element gate", f"{policy.atol_rel:g} of the peak + {policy.rtol:g} of the value{share}"),
        ("SQNR", f"{policy.sqnr_db:g} dB"),
        ("cosine", f"1 − {1 - policy.cosine:.2g}"),
    )


def gates_of(error: TensorError, policy: Policy) -> tuple[Gate, ...]:
    """The gates that a tensor was held against, none where it was not.

    That of the elements is missing where a host of an older version kept no statistics of how their errors lie. A tensor that
    must be exact, or has values that are not finite, has that one gate alone.
    """
    if error.margin is None:
        return ()
    spread = error.spread
    if spread is not None and spread.nonfinite:
        return (Gate("finite", f"{spread.nonfinite} of {spread.elements} elements are not", "all", -1.0),)
    if spread is not None and spread.elements and not spread.corners:
        return (Gate("exact", f"{error.share_outside:.3g} of the elements differ", "none", error.margin),)
    elements = element_gate(spread, policy).most if spread is not None else 0.0
    used = used_of(elements, error.sqnr_db, error.cosine, policy)
    found = {
        "element gate": f"error up to {error.max_rel_error:.2e} of the peak",
        "SQNR": f"{error.sqnr_db:.1f} dB",
        "cosine": f"1 − {1 - error.cosine:.2e}",
    }
    return tuple(
        Gate(name, found[name], limit, margin_of(used[name]))
        for name, limit in limits_of(policy)
        if spread is not None or name != "element gate"
    )
