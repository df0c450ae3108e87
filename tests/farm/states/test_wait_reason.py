"""The rule itself: which of all that may be in the way is named, over every combination."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.states.wait_reason import BrokerState, Situation, Unit, WaitReason, notes, wait_reason

IDLE = Unit("idle", online=True)
OFFLINE = Unit("gone", online=False, note="offline since 10:02Z")
ILL = Unit("ill", online=True, healthy=False, note="bad: two canaries failed")
DRAINING = Unit("leaving", online=True, draining=True, note="draining: new board")
BUSY = Unit("busy", online=True, busy=True)
READY = Situation(configured=True, coordinated=True, units=(IDLE,))

units = st.builds(
    Unit, st.sampled_from("abc"), st.booleans(), healthy=st.booleans(), draining=st.booleans(), busy=st.booleans()
)
situations = st.builds(
    Situation,
    st.booleans(),
    st.booleans(),
    st.sampled_from(BrokerState),
    st.lists(units, max_size=4).map(tuple),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (READY, WaitReason.DUE),
        (replace(READY, configured=False), WaitReason.NO_SUCH_DEVICE),
        (replace(READY, coordinated=False), WaitReason.NO_COORDINATOR),
        (replace(READY, broker=BrokerState.UNREACHABLE), WaitReason.BROKER_UNREACHABLE),
        (replace(READY, broker=BrokerState.FULL), WaitReason.BROKER_FULL),
        (replace(READY, units=()), WaitReason.ALL_OFFLINE),
        (replace(READY, units=(OFFLINE,)), WaitReason.ALL_OFFLINE),
        (replace(READY, units=(ILL,)), WaitReason.ALL_UNHEALTHY),
        (replace(READY, units=(OFFLINE, ILL)), WaitReason.ALL_UNHEALTHY),
        (replace(READY, units=(DRAINING,)), WaitReason.DRAINING),
        (replace(READY, units=(OFFLINE, ILL, DRAINING)), WaitReason.DRAINING),
        (replace(READY, units=(BUSY,)), WaitReason.BUSY),
        (replace(READY, units=(IDLE, BUSY), full=True), WaitReason.BUSY),
        (replace(READY, units=(OFFLINE, ILL, DRAINING, BUSY)), WaitReason.BUSY),
        (replace(READY, units=(OFFLINE, ILL, DRAINING, BUSY, IDLE)), WaitReason.DUE),
    ],
    ids=str,
)
def test_the_first_thing_in_the_way_is_named(situation: Situation, reason: WaitReason) -> None:
    assert wait_reason(situation) is reason


def test_what_is_to_be_mended_first_is_named_before_all_after_it() -> None:
    """Every two hindrances at once: the reason is the one that stands first in the list of reasons."""
    hindrances = {
        WaitReason.NO_SUCH_DEVICE: {"configured": False},
        WaitReason.NO_COORDINATOR: {"coordinated": False},
        WaitReason.BROKER_UNREACHABLE: {"broker": BrokerState.UNREACHABLE},
        WaitReason.ALL_OFFLINE: {"units": (OFFLINE,)},
        WaitReason.BUSY: {"full": True},
    }
    order = list(WaitReason)
    for one, other in product(hindrances, repeat=2):
        found = wait_reason(replace(READY, **{**hindrances[one], **hindrances[other]}))
        assert found is min(one, other, key=order.index)


@given(situations)
def test_a_job_is_due_where_a_unit_could_take_it_and_only_there(situation: Situation) -> None:
    free = [unit for unit in situation.units if unit.online and unit.healthy and not unit.draining and not unit.busy]
    reachable = situation.configured and situation.coordinated and situation.broker is BrokerState.USABLE
    assert (wait_reason(situation) is WaitReason.DUE) == bool(reachable and free and not situation.full)


@given(situations, units)
def test_one_more_unit_never_puts_the_job_further_off(situation: Situation, unit: Unit) -> None:
    order = list(WaitReason)
    more = replace(situation, units=(*situation.units, unit))
    assert order.index(wait_reason(more)) >= order.index(wait_reason(situation))


def test_the_notes_name_the_units_that_have_one() -> None:
    assert notes((OFFLINE, IDLE, ILL)) == "gone: offline since 10:02Z; ill: bad: two canaries failed"
    assert notes((IDLE,)) == ""
