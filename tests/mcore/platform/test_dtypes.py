"""Element types and their storage."""

import numpy as np
import pytest
import torch

from mcore.platform.dtypes import DType


@pytest.mark.parametrize("dtype", [d for d in DType if d is not DType.BFLOAT16])
def test_each_is_numpys_and_torchs_of_one_name(dtype):
    assert dtype.numpy == np.dtype(dtype.value)
    assert DType.of(np.zeros(2, dtype.numpy)) is dtype
    assert torch.from_numpy(np.zeros(2, dtype.numpy)).dtype is getattr(torch, dtype.value)


def test_which_are_floating():
    assert [d.value for d in DType if d.is_floating] == ["float64", "float32", "float16", "bfloat16"]


@pytest.mark.parametrize("other", ["complex64", "uint16", "uint64", "object", "<U3"])
def test_another_type_is_refused(other):
    with pytest.raises(ValueError, match="is not a valid DType"):
        DType.of(np.zeros(1, other))


def test_byte_order_does_not_matter():
    assert DType.of(np.zeros(1, ">f4")) is DType.FLOAT32
