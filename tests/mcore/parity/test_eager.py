"""Calls of torch made on the Platform's own tensors, against torch itself on its own sample inputs."""

from __future__ import annotations

import pytest

from mcore.platform.errors import PlatformError

from .agreement import difference
from .eager import arrays, platform_function, to_platform, torch_calls
from .examining import Trial, examine
from .refusals import EAGER
from .samples import Sample, operators

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of samples of its own

OPERATORS = {info.formatted_name: info for info in operators()}

#: Their results are random, on either side with numbers of its own.
RANDOM = tuple(name for name in OPERATORS if "dropout" in name and not name.endswith("without_train"))


def attempt(name: str, sample: Sample) -> str:
    """What the Platform's function of the same name does otherwise than torch's; nothing where there is none."""
    calls, result = torch_calls(sample)
    func, args, kwargs = calls[-1]
    function = platform_function(func)
    if function is None:
        return ""
    found = function(*to_platform(args), **to_platform(kwargs))
    return difference(name, sample, arrays(found), arrays(result))


@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in RANDOM])
def test_a_function_of_torch(name: str) -> None:
    info = OPERATORS[name]
    # A parameter that a function does not have is refused by Python itself.
    errors = (PlatformError, TypeError)
    examine(info, Trial(lambda s, _: attempt(info.name, s), errors, EAGER.get(name, ())))
