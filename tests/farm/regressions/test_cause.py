"""The table of causes, row by row."""

from __future__ import annotations

import itertools

import pytest

from farm.regressions.cause import Axis, Result, Square, attribute
from workers.outcome import Cause

P, F, U = Result.PASSES, Result.FAILS, Result.UNKNOWN
#: By what the old bundle does after, and the new one before: whether it is the product, the device, or not known.
TABLE = {
    (P, F): "product",
    (P, U): "product",
    (U, F): "product",
    (F, P): "device",
    (F, F): "device",
    (F, U): "device",
    (P, P): "device",
    (U, P): "device",
    (U, U): "unknown",
}
DEVICE = {Axis.STACK: Cause.DEVICE_STACK, Axis.UNIT: Cause.DEVICE_UNIT}


def test_every_case_is_in_the_table() -> None:
    assert set(TABLE) == set(itertools.product(Result, repeat=2))


@pytest.mark.parametrize("axis", [Axis.STACK, Axis.UNIT])
@pytest.mark.parametrize("same_code", [True, False])
@pytest.mark.parametrize(("old_after", "new_before"), TABLE)
def test_the_table(axis: Axis, same_code: bool, old_after: Result, new_before: Result) -> None:
    ruling = attribute(Square(axis, old_after, new_before), same_bundle=False, same_code=same_code)
    product = Cause.CONVERTER if same_code else Cause.MODEL_CODE
    expected = {"product": product, "device": DEVICE[axis], "unknown": Cause.UNKNOWN}[TABLE[old_after, new_before]]
    assert ruling.cause is expected
    assert ruling.reason


@pytest.mark.parametrize("same_code", [True, False])
def test_where_the_device_is_as_it_was_it_is_the_product(same_code: bool) -> None:
    ruling = attribute(Square(Axis.NONE), same_bundle=False, same_code=same_code)
    assert ruling.cause is (Cause.CONVERTER if same_code else Cause.MODEL_CODE)


def test_where_the_bundle_is_as_it_was_it_is_the_device() -> None:
    ruling = attribute(Square(Axis.STACK, F, P), same_bundle=True, same_code=True)
    assert (ruling.cause, ruling.reason) == (
        Cause.DEVICE_STACK,
        "the same bundle passed on the old stack and fails on the new stack",
    )
