"""The graph of the inputs' sizes, by its position."""

from dataclasses import replace

import numpy as np
import pytest

from mcore.platform.graph import Guard
from tests.workers.bundles import H, branched
from workers.driver import LoadRejected
from workers.drivers.sizes import number_for

TALL = replace(branched().graph, guards=(Guard(">", H, 14, "stem"),))
FLAT = replace(branched().graph, guards=(Guard("<=", H, 12, "stem"),))


@pytest.mark.parametrize(("height", "number"), [(12, 1), (15, 0)])
def test_the_first_that_takes_them(height: int, number: int) -> None:
    inputs = {"x": np.zeros((1, 3, height, 16), np.float32)}
    assert number_for((TALL, FLAT), inputs) == number
    assert number_for((TALL, FLAT, TALL, FLAT), inputs) == number


@pytest.mark.parametrize(("graphs", "said"), [((TALL, FLAT), "none of the 2 graphs takes"), ((TALL,), "needs H > 14")])
def test_none_is_the_network_s_refusal_with_the_reason(graphs, said) -> None:
    with pytest.raises(LoadRejected, match=said):
        number_for(graphs, {"x": np.zeros((1, 3, 13, 16), np.float32)})
