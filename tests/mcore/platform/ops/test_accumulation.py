"""Running products and extremes against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.errors import ShapeError
from mcore.platform.ops import registry

from .parity import case, check, normal, special, truth, whole

X = normal(3, 4, 5)
RUNNING = ("cummax", "cummin")
TIES = whole(30, low=0, high=3)

CASES = [
    *(case("cumprod", x, dim=d) for x in (X, whole(3, 4, 5), truth(3, 4, 5)) for d in (0, -1)),
    case("cumprod", normal(), dim=0),
    case("cumprod", normal(0, 3), dim=0),
    case("cumprod", whole(5, dtype="int8"), dim=0),
    *(case(op, x, dim=d) for op in RUNNING for x in (X, whole(3, 4, 5)) for d in (0, -1)),
    *(case(op, x, dim=0) for op in RUNNING for x in (special(), TIES, normal())),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=60)
@given(st.sampled_from(RUNNING), st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf, -np.inf]), min_size=1))
def test_any_row_with_ties_and_nan(op, row):
    check(case(op, np.array(row, np.float32), dim=0))


@pytest.mark.parametrize("op", ["cumprod", *RUNNING])
def test_an_unknown_dimension_is_refused(op):
    with pytest.raises(ShapeError, match="dimension 3 is out of range"):
        registry.get(op).compute([X], {"dim": 3})
