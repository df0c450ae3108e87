"""Calls of torch against torch on its own sample inputs: captured and run by the runtime, and on tensors of the Platform.

Both are tried of an operator one after the other, so that its samples are made once: thousands are, for the few that are small
enough.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch.testing._internal.opinfo.core import OpInfo

from mcore.convert import CaptureRefused
from mcore.platform.errors import PlatformError
from mcore.platform.runtime import Mode

from .agreement import difference
from .eager import arrays, platform_function, to_platform, torch_calls
from .examining import Trial, examine
from .graphs import Call, captured, outputs, rebuilt, wanted
from .refusals import CAPTURED, EAGER
from .samples import Sample, operators

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of samples of its own

OPERATORS = {info.formatted_name: info for info in operators()}

#: Their results are random, on either side with numbers of its own; a conversion refuses them.
RANDOM = tuple(name for name in OPERATORS if "dropout" in name and not name.endswith("without_train"))


def of_capture(info: OpInfo) -> Trial:
    """What a graph of the call does otherwise than torch, on its way through JSON, in each mode, and rebuilt in torch."""

    def attempt(sample: Sample, position: int) -> str:
        if not sample.tensors:
            return ""  # a constant, which the graph holds as it is
        call = Call(sample, weights=bool(position % 2))
        right = wanted(call)
        graph, weights = captured(call)
        for mode in Mode:
            if text := difference(info.name, sample, outputs(graph, weights, call, mode), right):
                return f"{mode}: {text}"
        text = difference(info.name, sample, rebuilt(graph, weights, call), right)
        return f"rebuilt: {text}" if text else ""

    return Trial(attempt, (CaptureRefused,), CAPTURED.get(info.formatted_name, ()))


def of_tensors(info: OpInfo) -> Trial:
    """What the Platform's function of the same name does otherwise than torch's; nothing where there is none."""

    def attempt(sample: Sample, _: int) -> str:
        calls, result = torch_calls(sample)
        func, args, kwargs = calls[-1]
        function = platform_function(func)
        if function is None:
            return ""
        found = function(*to_platform(args), **to_platform(kwargs))
        return difference(info.name, sample, arrays(found), arrays(result))

    # A parameter that a function does not have is refused by Python itself.
    return Trial(attempt, (PlatformError, TypeError), EAGER.get(info.formatted_name, ()))


WAYS = {"captured": of_capture, "eager": of_tensors}


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name in OPERATORS for way in WAYS if way == "captured" or name not in RANDOM]
)
def test_a_function_of_torch(name: str, way: str) -> None:
    trial: Callable[[OpInfo], Trial] = WAYS[way]
    examine(OPERATORS[name], trial(OPERATORS[name]))
