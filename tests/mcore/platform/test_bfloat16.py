"""bfloat16 as it is stored, against torch's: bits, roundings, and ops on it."""

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from mcore.convert.arrays import from_numpy, to_numpy
from mcore.platform.bfloat16 import STORED, is_bfloat16, narrow, widen
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError
from mcore.platform.format import tensors_from_bytes, tensors_to_bytes
from mcore.platform.ops import registry

from .ops.parity import case, check, normal, whole

EVERY = np.arange(1 << 16, dtype=np.uint16).view(STORED)
VALUES = DType.BFLOAT16.cast(normal(3, 4))


def bits(array):
    return array.view(np.uint16).tolist()


def test_every_value_widens_as_in_torch_and_back():
    wanted = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    np.testing.assert_array_equal(widen(EVERY), wanted.float().numpy())
    numbers = ~np.isnan(widen(EVERY))
    assert bits(narrow(widen(EVERY))[numbers]) == bits(EVERY[numbers])
    assert np.isnan(widen(narrow(widen(EVERY)))[~numbers]).all()


@given(st.floats(width=32) | st.integers(-(2**63), 2**63 - 1) | st.floats())
def test_numbers_round_as_in_torch(number):
    for dtype in ("float64", "float32") if isinstance(number, float) else ("int64",):
        with np.errstate(over="ignore"):
            value = np.array([number]).astype(dtype)
        found, wanted = narrow(value), torch.from_numpy(value).to(torch.bfloat16)
        np.testing.assert_array_equal(widen(found), wanted.float().numpy())


def test_an_array_says_what_it_is():
    assert DType.of(VALUES) is DType.BFLOAT16
    assert DType.of(VALUES.astype(STORED.newbyteorder(">"))) is DType.BFLOAT16
    assert DType.BFLOAT16.numpy == STORED
    assert not is_bfloat16(np.zeros(2, np.int16))
    for other in (np.uint16, [("other", np.uint16)], [("bfloat16", np.uint16), ("more", np.uint8)]):
        with pytest.raises(ValueError, match="is not a valid DType"):
            DType.of(np.zeros(2, other))


@pytest.mark.parametrize("function", [np.add, np.multiply, np.matmul, np.maximum])
def test_numpy_does_not_take_its_bits_for_numbers(function):
    with pytest.raises(TypeError):
        function(VALUES, VALUES.T if function is np.matmul else VALUES)


def test_rank_and_layout_stay():
    for x in (normal(), normal(0, 3), normal(4, 5).T, normal(2, 3, 4)[:, ::2]):
        assert narrow(x).shape == x.shape
        assert widen(narrow(x)).shape == x.shape
    assert widen(narrow(normal(4, 5)).T).shape == (5, 4)


def test_torch_s_tensors_come_and_go_without_a_copy():
    tensor = torch.randn(3, 4).to(torch.bfloat16)
    array = to_numpy(tensor)
    assert is_bfloat16(array)
    np.testing.assert_array_equal(widen(array), tensor.float().numpy())
    assert torch.equal(from_numpy(array), tensor)
    array[...] = VALUES
    assert torch.equal(tensor, from_numpy(VALUES))


def test_it_is_stored_as_such():
    data = tensors_to_bytes({"w": VALUES, "s": narrow(np.float32(1.5))})
    theirs = safetensors.torch.load(data)
    assert torch.equal(theirs["w"], from_numpy(VALUES))
    assert theirs["s"].dtype is torch.bfloat16
    found = tensors_from_bytes(data).tensors
    assert bits(found["w"]) == bits(VALUES)
    assert widen(found["s"]) == 1.5


B = VALUES
CASES = [
    *(case(op, B, DType.BFLOAT16.cast(normal(4, seed=1))) for op in ("add", "sub", "mul", "div", "maximum", "lt")),
    *(case(op, B, x) for op in ("add", "mul") for x in (normal(4), normal(4, dtype="float16"), whole(4), normal())),
    *(case("add", B, other=n) for n in (1, 0.3, True)),
    *(case(op, B) for op in ("exp", "tanh", "relu", "neg", "isnan", "sigmoid", "erf")),
    *(case("cast", B, dtype=DType(t)) for t in ("float32", "float16", "float64", "int64", "bool", "bfloat16")),
    *(case("cast", x, dtype=DType.BFLOAT16) for x in (normal(9), whole(9), normal(9, dtype="float16"))),
    *(case(op, B, dim=1) for op in ("mean", "sum", "amax", "softmax", "argmax", "cumsum")),
    case("matmul", B, DType.BFLOAT16.cast(normal(4, 5))),
    case("linear", B, DType.BFLOAT16.cast(normal(5, 4)), DType.BFLOAT16.cast(normal(5))),
    case("layer_norm", B, normalized_shape=(4,)),
    case("full", size=(2,), fill_value=0.3, dtype=DType.BFLOAT16),
    case("arange", start=0, end=5, dtype=DType.BFLOAT16),
    case("cat", B, B, dim=1),
    case("cat", B, normal(3, 4)),
    case("where", B.view(np.uint16) > 0x8000, B, other=0.3),
    case("index_select", B, np.array([2, 0]), dim=0),
    case("sort", B, dim=1),
    case("pad", B, pad=(1, 2), value=0.3),
    *(case("permute", B, dims=(1, 0)), case("reshape", B, shape=(2, 6)), case("slice", B, dim=1, start=1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ops_compute_in_float32_and_round(case):
    check(case)


def test_views_stay_views():
    (result,) = registry.get("reshape").compute([B], {"shape": (12,)})
    assert np.shares_memory(result, B)


def test_another_record_is_no_element_type():
    with pytest.raises(GraphError, match="no element type"):
        registry.get("neg").compute([np.zeros(2, [("half", np.uint16)])], {})
