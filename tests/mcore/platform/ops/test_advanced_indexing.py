"""Reading and writing at several index tensors against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth, whole

X = normal(4, 5, 6, 3)
ROWS, COLUMNS = np.array([0, -1, 2]), np.array([[1], [-4]])


def index(*shape, size, seed=0):
    return whole(*shape, low=-size, high=size, seed=seed)


CASES = [
    case("index", X, ROWS, dims=(0,)),
    case("index", X, index(2, 3, size=5), dims=(1,)),
    case("index", X, ROWS, COLUMNS, dims=(1, 2)),
    case("index", X, ROWS, COLUMNS, dims=(0, 2)),
    case("index", X, ROWS, np.array([1, 2, 0]), dims=(1, 3)),
    case("index", X, ROWS, COLUMNS, np.array([0]), dims=(0, 1, 3)),
    case("index", X, ROWS, COLUMNS, np.array([0]), ROWS, dims=(0, 1, 2, 3)),
    case("index", X, np.array([], np.int64), dims=(2,)),
    case("index", X, ROWS.astype("int32"), dims=(1,)),
    case("index", truth(3, 4), np.array([2, 0]), dims=(0,)),
    case("index_put", X, normal(3, 5, 6, 3), ROWS, dims=(0,)),
    case("index_put", X, normal(2, 3, 3), ROWS, COLUMNS, dims=(1, 2)),
    case("index_put", X, normal(), ROWS, COLUMNS, dims=(1, 2)),
    case("index_put", X, normal(2, 3, 5, 3), ROWS, COLUMNS, dims=(0, 2)),
    case("index_put", X, normal(1, 6, 1), np.array([1]), dims=(1,), accumulate=True),
    case("index_put", X, normal(6, 5, 6, 3), np.array([0, 0, 1, 0, -1, 3]), dims=(0,), accumulate=True),
    case("index_put", whole(4, 5), whole(3), ROWS, np.array([1, 1, 0]), dims=(0, 1), accumulate=True),
    case("index_put", whole(4, 5), whole(), ROWS, dims=(1,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@st.composite
def places(draw):
    dims = draw(st.sets(st.integers(0, 3), min_size=1).map(sorted))
    shapes = draw(st.lists(st.sampled_from([(3,), (1,), (2, 1), (2, 3)]), min_size=len(dims), max_size=len(dims)))
    return tuple(dims), [index(*s, size=X.shape[d], seed=i) for i, (d, s) in enumerate(zip(dims, shapes, strict=True))]


@settings(max_examples=60)
@given(places())
def test_reads_at_any_dimensions(place):
    dims, indices = place
    check(case("index", X, *indices, dims=dims))


@settings(max_examples=60)
@given(places())
def test_writes_that_add_up_at_any_dimensions(place):
    dims, indices = place
    (picked,) = registry.get("index").compute([X, *indices], {"dims": dims})
    check(case("index_put", X, normal(*picked.shape, seed=2), *indices, dims=dims, accumulate=True))


def test_of_values_that_meet_the_last_one_stays():
    x, values, index = np.zeros(3, np.float32), np.array([5, 6], np.float32), np.array([1, 1])
    assert registry.get("index_put").compute([x, values, index], {"dims": (0,)})[0].tolist() == [0, 6, 0]


def test_sizes_stay_symbolic():
    n, h, w = map(symbol, "NHW")
    x, rows = TensorType(DType.FLOAT32, (n, 3, h, w)), TensorType(DType.INT64, (h, 1))
    columns = TensorType(DType.INT64, (w,))
    op = registry.get("index")
    assert op.types([x, rows, columns], {"dims": (2, 3)})[0].shape == (n, 3, h, w)
    assert op.types([x, rows, columns], {"dims": (0, 2)})[0].shape == (h, w, 3, w)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "message"),
    [
        ("index", [X], {"dims": ()}, "0 index tensors for 0 dimensions"),
        ("index", [X, ROWS], {"dims": (0, 1)}, "1 index tensors for 2 dimensions"),
        ("index", [X, ROWS, ROWS], {"dims": (1, 0)}, "must go upwards"),
        ("index", [X, ROWS, ROWS], {"dims": (0, 0)}, "name one twice"),
        ("index", [X, normal(2)], {"dims": (0,)}, "must be int64 or int32"),
        ("index", [X, ROWS, np.array([0, 1])], {"dims": (0, 1)}, "do not broadcast"),
        ("index_put", [X], {"dims": (0,)}, "takes a tensor, values and index tensors"),
        ("index_put", [X, normal(2, 5, 6, 3), ROWS], {"dims": (0,)}, "do not broadcast"),
        ("index_put", [X, normal(1, 3, 5, 6, 3), ROWS], {"dims": (0,)}, "do not fit the place"),
        ("index_put", [X, whole(), ROWS], {"dims": (0,)}, "values must be float32 as x"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(op, inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(op).compute(inputs, attributes)


@pytest.mark.parametrize("bad", [-5, 4])
def test_an_index_outside_is_an_error(bad):
    with pytest.raises(GraphError, match=r"outside -4\.\.3"):
        registry.get("index").compute([np.zeros(4), np.array([bad])], {"dims": (0,)})
