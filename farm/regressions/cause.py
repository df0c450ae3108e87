"""Whose fault a regression is: the old and the new bundle, before and after what changed on the device; pure.

The old bundle passed before, the new one fails after. What the other two of the four do tells which of the two changes it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workers.outcome import Cause


class Result(StrEnum):
    """What one bundle does on one side; unknown too where it passes and fails by turns."""

    PASSES = "passes"
    FAILS = "fails"
    UNKNOWN = "unknown"


class Axis(StrEnum):
    """What changed on the device: its stack, or only the unit that ran it, or neither."""

    STACK = "stack"
    UNIT = "unit"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Square:
    """What is known of the two cells in doubt: the old bundle after the change of the device, the new one before it."""

    axis: Axis
    old_after: Result = Result.UNKNOWN
    new_before: Result = Result.UNKNOWN


@dataclass(frozen=True, slots=True)
class Ruling:
    """A cause, and the sentence that says why."""

    cause: Cause
    reason: str


_DEVICE = {Axis.STACK: Cause.DEVICE_STACK, Axis.UNIT: Cause.DEVICE_UNIT}
_WHERE = {Axis.STACK: ("the new stack", "the old stack"), Axis.UNIT: ("the unit that fails", "another unit")}


def attribute(square: Square, *, same_bundle: bool, same_code: bool) -> Ruling:
    """The cause.

    Args:
        square: what the bundles do.
        same_bundle: there is only one bundle: nothing but the device changed.
        same_code: the architecture's code is the same, so that the bundles differ by what converted them.
    """
    product = Ruling(Cause.CONVERTER, "the bundle changed, and the code of the architecture did not") if same_code else (
        Ruling(Cause.MODEL_CODE, "the code of the architecture changed")
    )  # fmt: skip
    if square.axis is Axis.NONE:
        return Ruling(product.cause, f"{product.reason}; the device is as it was")
    after, before = _WHERE[square.axis]
    device = _DEVICE[square.axis]
    if same_bundle:
        return Ruling(device, f"the same bundle passed on {before} and fails on {after}")
    if square.old_after is Result.FAILS:
        return Ruling(device, f"the old bundle fails on {after} too")
    if square.new_before is Result.PASSES:
        more = "; the old one does not show it" if square.old_after is Result.PASSES else ""
        return Ruling(device, f"the new bundle passes on {before}{more}")
    if square.old_after is Result.PASSES:
        return Ruling(product.cause, f"{product.reason}; the old bundle passes on {after}")
    if square.new_before is Result.FAILS:
        return Ruling(product.cause, f"{product.reason}; the new bundle fails on {before} too")
    return Ruling(Cause.UNKNOWN, f"bundle and {square.axis} both changed, and neither was tried without the other")
