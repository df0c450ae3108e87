"""Outcomes of a case or attempt, and causes: two separate axes, never one string."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Group(StrEnum):
    """Whose matter an outcome is. Harness and infra never count in a failure rate."""

    PRODUCT = "product"
    SUPPORT = "support"
    HARNESS = "harness"
    INFRA = "infra"
    GOOD = "good"
    SKIPPED = "skipped"


class Outcome(StrEnum):
    """What happened to a case or an attempt; members are declared worst first."""

    MISMATCH = "MISMATCH"
    NONFINITE = "NONFINITE"
    SHAPE_OR_DTYPE = "SHAPE_OR_DTYPE"
    CRASH = "CRASH"
    DEVICE_TIMEOUT = "DEVICE_TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    LOAD_REJECTED = "LOAD_REJECTED"
    CONVERT_FAILED = "CONVERT_FAILED"
    MODEL_FAILED = "MODEL_FAILED"
    NONDETERMINISTIC = "NONDETERMINISTIC"
    UNSUPPORTED_OP = "UNSUPPORTED_OP"
    REFERENCE_INVALID = "REFERENCE_INVALID"
    VACUOUS = "VACUOUS"
    HARNESS_ERROR = "HARNESS_ERROR"
    INFRA_ERROR = "INFRA_ERROR"
    PRECLUDED = "PRECLUDED"
    SKIPPED = "SKIPPED"
    PASS_FALLBACK = "PASS_FALLBACK"  # noqa: S105
    PASS = "PASS"  # noqa: S105

    @property
    def group(self) -> Group:
        """Whose matter it is."""
        return _GROUPS[self]

    @property
    def severity(self) -> int:
        """Rank, 0 for the worst."""
        return _RANK[self]


class Cause(StrEnum):
    """Where the reason of an outcome lies, as far as the evidence tells."""

    MODEL_CODE = "model code"
    CONVERTER = "converter"
    DEVICE_STACK = "device stack"
    DEVICE_UNIT = "device unit"
    HARNESS = "harness"
    INFRA = "infra"
    REFERENCE = "reference"
    UNKNOWN = "unknown"


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}
_GROUPS = {
    **dict.fromkeys(list(Outcome)[:10], Group.PRODUCT),
    Outcome.UNSUPPORTED_OP: Group.SUPPORT,
    Outcome.REFERENCE_INVALID: Group.HARNESS,
    Outcome.VACUOUS: Group.HARNESS,
    Outcome.HARNESS_ERROR: Group.HARNESS,
    Outcome.INFRA_ERROR: Group.INFRA,
    Outcome.PRECLUDED: Group.INFRA,
    Outcome.SKIPPED: Group.SKIPPED,
    Outcome.PASS_FALLBACK: Group.GOOD,
    Outcome.PASS: Group.GOOD,
}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of one or more outcomes."""
    return min(outcomes, key=lambda outcome: outcome.severity)
