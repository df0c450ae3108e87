"""What is asked of a driver, and held to the protocol: what it cannot mean is said in words, and never taken for an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.workers.bundles import branched
from tests.workers.fakes import FakeDriver, FakeSession, Inputs, Outputs
from tests.workers.policies import FP32
from workers.canary import canary_failure
from workers.driver import checked_outputs, fingerprint_of, lacking_on
from workers.outcome import Outcome
from workers.replay import replay

BUNDLE = branched().bundle()


class Told(FakeDriver):
    """A driver that says what it is given, whatever that is."""

    def __init__(self, *, stack: Any = None, lacks: Any = ()) -> None:
        super().__init__()
        self.stack, self.told = stack, lacks

    def fingerprint(self) -> Any:
        return self.stack

    def unsupported(self, graph: object) -> Any:
        return self.told


def test_what_keeps_to_the_protocol_goes_through() -> None:
    assert fingerprint_of(Told(stack={"driver": "told", "precision": "float32"}))["precision"] == "float32"
    assert lacking_on(Told(lacks=["tanh", "cat: of more than four", "tanh"]), BUNDLE.graphs * 2) == (
        "tanh",
        "cat: of more than four",
    )
    outputs = {"out": np.zeros((2, 3), np.float32), "count": np.int64(3)}
    assert checked_outputs(outputs) is outputs


@pytest.mark.parametrize("stack", [{"driver": "told", "cores": 4}, {"driver": None}, {1: "told"}])
def test_a_fingerprint_is_of_texts(stack: Any) -> None:
    with pytest.raises(TypeError, match=r"^fingerprint\(\) gives .*; names and values are texts$"):
        fingerprint_of(Told(stack=stack))


@pytest.mark.parametrize("lacks", ["tanh", None, {"tanh"}, [3]])
def test_lacking_ops_are_a_list_of_texts(lacks: Any) -> None:
    """One text would be a list of its letters, and a network ``UNSUPPORTED`` for lack of them."""
    with pytest.raises(TypeError, match=r"^unsupported\(\) gives .*; it is a list of texts$"):
        lacking_on(Told(lacks=lacks), BUNDLE.graphs)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda outputs: {name: value.tolist() for name, value in outputs.items()}, "output 'out' as list"),
        (lambda outputs: {**outputs, "out": None}, "output 'out' as NoneType"),
        (lambda outputs: list(outputs.values()), "run() gives list; it is a mapping"),
        (lambda outputs: None, "run() gives NoneType; it is a mapping"),
    ],
)
def test_outputs_are_arrays_by_name(spoil: Callable[[Outputs], Any], said: str) -> None:
    def run(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Any:
        return spoil(outputs)

    with pytest.raises(TypeError) as met:
        canary_failure(FakeDriver(on_run=run))
    assert said in str(met.value)
    replayed = replay(FakeDriver(lacks=("linear",), on_run=run), BUNDLE, FP32, lambda message: None)
    assert replayed.finding.outcome is Outcome.HARNESS_ERROR
    assert said in replayed.finding.message
    assert {case.outcome for case in replayed.cases} == {Outcome.HARNESS_ERROR}
