"""Calls of torch, captured and run by the runtime, against torch itself on its own sample inputs."""

from __future__ import annotations

import pytest

from mcore.convert import CaptureRefused
from mcore.platform.runtime import Mode

from .agreement import difference
from .examining import Trial, examine
from .graphs import Call, captured, outputs, rebuilt, wanted
from .refusals import CAPTURED
from .samples import Sample, operators

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of samples of its own

OPERATORS = {info.formatted_name: info for info in operators()}


def attempt(name: str, sample: Sample, position: int) -> str:
    """What a graph of the call does otherwise than torch, on its way through JSON, in each mode, and rebuilt in torch."""
    if not sample.tensors:
        return ""  # a constant, which the graph holds as it is
    call = Call(sample, weights=bool(position % 2))
    right = wanted(call)
    graph, weights = captured(call)
    for mode in Mode:
        if text := difference(name, sample, outputs(graph, weights, call, mode), right):
            return f"{mode}: {text}"
    text = difference(name, sample, rebuilt(graph, weights, call), right)
    return f"rebuilt: {text}" if text else ""


@pytest.mark.parametrize("name", OPERATORS)
def test_a_function_of_torch(name: str) -> None:
    info = OPERATORS[name]
    examine(info, Trial(lambda s, p: attempt(info.name, s, p), (CaptureRefused,), CAPTURED.get(name, ())))
