"""Faults of the simulated device through the real child process: what is told beside outcome and cause.

That every fault has its own outcome and cause is what the self-test asserts (``tests/farm/selftest/test_grading.py``).
"""

from pathlib import Path
from typing import Any

import pytest

from tests.workers.attempts import request_for
from tests.workers.bundles import branched
from workers.outcome import Cause, Group, Outcome
from workers.processes.attempt import run_attempt
from workers.report import AttemptReport, Stage


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A small bundle and its identity."""
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    return folder, branched().write(folder)


def attempt(tiny: tuple[Path, str], fault: str | dict[str, Any]) -> AttemptReport:
    """With a limit that a hang has to wait for."""
    limits = {"time_s": 3.0} if fault == "hang" else {}
    return run_attempt(request_for(*tiny, faults=[fault], **limits))  # type: ignore[arg-type]


def test_a_unit_that_breaks_down_stays_broken_for_the_confirming_run(tiny: tuple[Path, str], tmp_path: Path) -> None:
    broken = {"name": "breaks_down", "marker": str(tmp_path / "broken")}
    first, second = attempt(tiny, broken), attempt(tiny, broken)
    assert (first.outcome, first.cause, first.stage) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, Stage.RUN)
    assert (second.outcome, second.cause, second.stage) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT, Stage.CANARY)
    assert "after the network died" in first.message


@pytest.mark.parametrize("fault", ["segfault", "hang"])
def test_a_network_that_kills_a_sound_unit_stays_the_products(fault: str, tiny: tuple[Path, str]) -> None:
    report = attempt(tiny, fault)
    assert report.outcome.group is Group.PRODUCT
    assert report.cause is Cause.DEVICE_STACK
    assert "canary" not in report.message


@pytest.mark.parametrize(
    ("op", "value", "module"),
    [("conv2d", "v0", "stem"), ("conv2d", "v2", "left"), ("conv2d", "v4", "right"), ("conv2d", "v7", "head")],
)
def test_one_wrong_node_is_found_by_name(op: str, value: str, module: str, tiny: tuple[Path, str]) -> None:
    report = attempt(tiny, {"name": "wrong_kernel", "op": op, "value": value})
    assert (report.outcome, report.cause, report.stage) == (Outcome.MISMATCH, Cause.DEVICE_STACK, Stage.DONE)
    layers = [case.first_divergent_layer for case in report.cases if case.first_divergent_layer]
    assert [(layer.value, layer.op, layer.module, layer.introduced_here) for layer in layers] == [
        (value, op, module, True)
    ]


@pytest.mark.parametrize("op", ["relu", "sigmoid", "tanh", "cat", "conv2d"])
def test_a_kernel_that_is_wrong_wherever_it_is_used_is_found_at_its_first_use(op: str, tiny: tuple[Path, str]) -> None:
    report = attempt(tiny, {"name": "wrong_kernel", "op": op})
    assert report.outcome is Outcome.MISMATCH
    (layer,) = (case.first_divergent_layer for case in report.cases if case.first_divergent_layer)
    first = next(node for node in branched().graph.nodes if node.op == op)
    assert (layer.value, layer.op, layer.introduced_here) == (first.outputs[0], op, True)


def test_a_fault_that_does_not_fit_the_network_is_the_harness_own(tiny: tuple[Path, str]) -> None:
    report = attempt(tiny, {"name": "wrong_kernel", "op": "conv2d", "value": "nowhere"})
    assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
    assert "'nowhere'" in report.message


def test_stacks_with_and_without_faults_are_told_apart(tiny: tuple[Path, str]) -> None:
    stacks = [run_attempt(request_for(*tiny, **profile)).stack for profile in ({}, {"faults": ["nan"]})]
    assert stacks[0] != stacks[1]
