"""The floor that the farm stands on, through the local wire and real child processes; and that it can break."""

from dataclasses import replace
from pathlib import Path

import pytest

from farm.selftest.grading import Graded, Marks, graded
from farm.selftest.injections import Injection, Scope, injections
from farm.selftest.networks import drawn
from workers.faults import CATALOGUE
from workers.outcome import Cause, Outcome

SEEDS = (0, 1)
#: They run as long as they may: less here than the self-test gives them.
ENDLESS, ENDLESS_S = {fault.name for fault in CATALOGUE.values() if fault.endless}, 6.0


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Marks:
    """Every fault on two networks."""
    folder = tmp_path_factory.mktemp("selftest")
    networks = [drawn(seed) for seed in SEEDS]
    planned = injections([network.name for network in networks], str(folder), unit_networks=1)
    return graded([_in_less_time(injection) for injection in planned], networks, folder, parallel=2)


def _in_less_time(injection: Injection) -> Injection:
    return replace(injection, time_s=ENDLESS_S) if injection.fault in ENDLESS else injection


def test_no_fault_of_infrastructure_or_harness_is_a_failure_of_the_product(marks: Marks) -> None:
    assert [g for g in marks.graded if g.infra_as_product] == []


def test_no_fault_of_the_product_passes(marks: Marks) -> None:
    assert [g for g in marks.graded if g.product_as_pass] == []
    assert marks.floor_holds


def test_every_fault_has_its_own_outcome_and_cause(marks: Marks) -> None:
    # What is ended by the clock alone may not have begun on a machine that stands still meanwhile (then it is infra).
    assert [g for g in marks.graded if not g.correct and g.injection.fault not in ENDLESS] == []
    assert len(marks.graded) > 50


def test_what_is_wrong_is_said_and_the_canary_named_where_it_speaks(marks: Marks) -> None:
    assert [g for g in marks.graded if bool(g.message) is (g.outcome is Outcome.PASS)] == []
    units = [g for g in marks.graded if g.injection.scope is Scope.UNIT and g.cause is Cause.DEVICE_UNIT]
    assert [g for g in units if "canary" not in g.message] == []
    assert len(units) > 10


CONTROL = Injection("sound", Scope.NONE, "n", Outcome.PASS, Cause.UNKNOWN)
WRONG = Injection("nan", Scope.STACK, "n", Outcome.NONFINITE, Cause.DEVICE_STACK)
LOST = Injection("disconnect", Scope.STACK, "n", Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)


@pytest.mark.parametrize(
    ("injection", "outcome", "cause", "marked"),
    [
        (CONTROL, Outcome.PASS, Cause.UNKNOWN, (1, 0, 0)),
        (CONTROL, Outcome.MISMATCH, Cause.DEVICE_STACK, (0, 1, 0)),
        (LOST, Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, (1, 0, 0)),
        (LOST, Outcome.INFRA_ERROR, Cause.INFRA, (0, 0, 0)),
        (LOST, Outcome.CRASH, Cause.DEVICE_STACK, (0, 1, 0)),
        (LOST, Outcome.UNSUPPORTED_OP, Cause.DEVICE_STACK, (0, 1, 0)),
        (WRONG, Outcome.NONFINITE, Cause.DEVICE_STACK, (1, 0, 0)),
        (WRONG, Outcome.MISMATCH, Cause.DEVICE_STACK, (0, 0, 0)),
        (WRONG, Outcome.INFRA_ERROR, Cause.INFRA, (0, 0, 0)),
        (WRONG, Outcome.PASS, Cause.UNKNOWN, (0, 0, 1)),
        (WRONG, Outcome.PASS_FALLBACK, Cause.UNKNOWN, (0, 0, 1)),
    ],
)
def test_marks(injection: Injection, outcome: Outcome, cause: Cause, marked: tuple[int, int, int]) -> None:
    marks = Marks((Graded(injection, outcome, cause, "", 0.1),))
    assert (marks.correct, marks.infra_as_product, marks.product_as_pass) == marked
    assert marks.floor_holds is (marked[1:] == (0, 0))


def test_a_farm_that_lets_a_fault_through_is_marked_so(tmp_path: Path) -> None:
    """The same path with the fault left out of the profile: what a blind device host would report."""
    network = drawn(0)
    blind = replace(WRONG, network=network.name, faults=())
    marks = graded([blind], [network], tmp_path, parallel=1)
    assert (marks.product_as_pass, marks.floor_holds) == (1, False)
