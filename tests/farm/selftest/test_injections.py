"""Which faults are injected, and what they must lead to."""

from collections import Counter

from farm.selftest.injections import HANG_S, STORE_FAULTS, Scope, injections
from workers.faults import CATALOGUE, Faults
from workers.outcome import Group, Outcome


def test_every_fault_strikes_every_network() -> None:
    planned = injections(["a", "b"], "/tmp/folder")
    for network in ("a", "b"):
        struck = {injection.fault for injection in planned if injection.network == network}
        assert struck == {*CATALOGUE, *STORE_FAULTS, "sound"}


def test_each_network_has_a_control_that_must_pass() -> None:
    sound = [injection for injection in injections(["a", "b"], "/tmp/folder") if injection.scope is Scope.NONE]
    assert [(i.network, i.outcome, i.faults) for i in sound] == [("a", Outcome.PASS, ()), ("b", Outcome.PASS, ())]


def test_a_broken_unit_can_be_had_for_some_networks_alone() -> None:
    planned = injections(["a", "b", "c"], "/tmp/folder", unit_networks=1)
    assert {i.network for i in planned if i.scope is Scope.UNIT} == {"a"}
    assert {i.network for i in planned if i.scope is Scope.STACK} == {"a", "b", "c"}


def test_what_never_ends_is_given_little_time_and_comes_first() -> None:
    planned = injections(["a"], "/tmp/folder")
    endless = [i for i in planned if i.outcome is Outcome.DEVICE_TIMEOUT or i.fault in ("hang", "spin")]
    assert [i.fault for i in planned[:4]] == [i.fault for i in endless] == ["hang", "hang", "spin", "spin"]
    assert {i.time_s for i in endless} == {HANG_S}
    assert all(i.time_s > HANG_S for i in planned[4:])


def test_profiles_are_such_that_the_device_takes() -> None:
    for injection in injections(["a"], "/tmp/folder"):
        switched = Faults.of(list(injection.faults))
        assert bool(switched.switched) is (injection.scope in (Scope.STACK, Scope.UNIT))


def test_only_a_fault_of_the_stack_may_be_held_against_the_product() -> None:
    groups = Counter((i.scope, i.group) for i in injections(["a"], "/tmp/folder"))
    assert not [scope for scope, group in groups if group is Group.PRODUCT and scope is not Scope.STACK]
