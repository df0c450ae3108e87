"""Attention against torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, truth

NAME = "scaled_dot_product_attention"
Q, K, V = normal(2, 3, 5, 4), normal(2, 3, 7, 4, seed=1), normal(2, 3, 7, 6, seed=2)
BLIND = truth(5, 7)
BLIND[2] = False
BIAS = normal(1, 3, 5, 7, seed=3)
BIAS[0, 1, 2] = -np.inf

CASES = [
    case(NAME, Q, K, V),
    case(NAME, Q, K, V, scale=0.3),
    case(NAME, Q[0, 0], K[0, 0], V[0, 0]),
    case(NAME, Q[0], K[0], V[0]),
    case(NAME, Q, K, V, truth(5, 7)),
    case(NAME, Q, K, V, truth(2, 1, 1, 7)),
    case(NAME, Q, K, V, BLIND),
    case(NAME, Q, K, V, normal(2, 1, 5, 7)),
    case(NAME, Q, K, V, BIAS),
    case(NAME, Q, K, V, is_causal=True),
    case(NAME, K, Q, normal(2, 3, 5, 6), is_causal=True),
    case(NAME, Q * 40, K * 40, V, tolerance=1e-5),
    case(NAME, *(a.astype("float16") for a in (Q, K, V))),
    case(NAME, *(a.astype("float64") for a in (Q, K, V))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_parity(case):
    check(case)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 3), max_size=2), st.tuples(*[st.integers(1, 6)] * 4), st.booleans())
def test_attention_of_any_shape(batch, sizes, masked):
    length, source, width, out = sizes
    mask = truth(length, source) if masked else None
    check(case(NAME, normal(*batch, length, width), normal(*batch, source, width), normal(*batch, source, out), mask))


@pytest.mark.parametrize("mask", [BLIND, np.where(BLIND, 0, -np.inf).astype(np.float32)])
def test_a_query_without_keys_gives_zeros(mask):
    (result,) = registry.get(NAME).compute([Q, K, V, mask], {})
    assert np.isfinite(result).all()
    assert not result[:, :, 2].any()
    assert result[:, :, 0].all()


def test_sizes_stay_symbolic():
    n, length = symbol("N"), (symbol("H") // 16) * (symbol("W") // 16) + 1
    kind = TensorType(DType.FLOAT32, (n, 12, length, 64))
    assert registry.get(NAME).types([kind] * 3, {}) == (kind,)


@pytest.mark.parametrize(
    ("inputs", "attributes", "message"),
    [
        ([normal(4), K, V], {}, "query must have two dimensions or more"),
        ([Q, K[..., :3], V], {}, "last dimension of key is 3, must be 4"),
        ([Q, K, V[..., :3, :]], {}, "length of value is 3, must be 7"),
        ([Q, K, V.astype("float64")], {}, "value is float64, query is float32"),
        ([Q, K, V, truth(5, 7)], {"is_causal": True}, "exclude each other"),
        ([Q, K, V, truth(5, 7).astype("int64")], {}, "attn_mask must be bool or float32"),
        ([Q, K, V, truth(5, 6)], {}, "sizes 7 and 6 do not broadcast"),
        ([Q[..., :1, :], K, V, truth(5, 7)], {}, r"attn_mask of \(5, 7\) does not broadcast to scores of \(.*1, 7\)"),
        ([Q, K, V, truth(2, *Q.shape[:-1], 7)], {}, "does not broadcast to scores"),
        ([a.astype("int64") for a in (Q, K, V)], {}, "floating point"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get(NAME).compute(inputs, attributes)
