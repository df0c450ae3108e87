"""Tensor without its operations: what it wraps, what can be asked of it, and how it meets NumPy."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch

from mcore.platform.dtypes import DType
from mcore.platform.eager.base import Tensor, to_array
from mcore.platform.errors import BackendError
from tests.mcore.platform.eager.parity import normal, same


def test_it_takes_an_array_without_a_copy() -> None:
    array = normal(2, 3)
    x = Tensor(array)
    assert x.numpy() is array
    assert np.asarray(x) is array
    assert not isinstance(x, np.ndarray)


@pytest.mark.parametrize("data", [1, 1.5, True, [1, 2], [[1.0], [2.0]], [True, False], (1, 2.5), []])
def test_numbers_take_the_element_type_that_torch_gives_them(data: Any) -> None:
    same(Tensor(data), torch.tensor(data))


def test_arrays_keep_theirs() -> None:
    for dtype in DType:
        assert Tensor(np.zeros(2, dtype.numpy)).dtype is dtype
    assert Tensor(np.float64(1.0)).dtype is DType.FLOAT64
    assert Tensor([1.0], DType.FLOAT16).dtype is DType.FLOAT16


@pytest.mark.parametrize("data", [np.array([1j]), np.array(["a"]), np.array([None]), np.zeros(2, np.uint32)])
def test_an_element_type_that_the_platform_lacks_is_refused(data: np.ndarray) -> None:
    with pytest.raises(BackendError, match=f"no element type {data.dtype}.*: use float64, .*bool"):
        Tensor(data)


def test_a_list_of_tensors_is_stacked() -> None:
    assert to_array([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_it_says_what_it_is() -> None:
    x, y = Tensor(normal(2, 3, 4)), torch.from_numpy(normal(2, 3, 4))
    assert (x.shape, x.size(), x.size(-1), x.ndim, x.dim(), x.numel(), len(x)) == ((2, 3, 4), (2, 3, 4), 4, 3, 3, 24, 2)
    assert x.is_floating_point()
    assert not Tensor([1]).is_floating_point()
    assert x.device == "cpu"
    same(x.mT, y.mT)
    same(Tensor(normal(2, 3)).T, torch.from_numpy(normal(2, 3)).T)
    same(list(x), list(y))
    assert x.tolist() == y.tolist()


def test_one_element_is_a_number() -> None:
    x = Tensor([[3.0]])
    assert (x.item(), float(x), int(x), bool(x)) == (3.0, 3.0, 3, True)
    assert list(range(5))[Tensor(2)] == 2
    with pytest.raises(ValueError, match="size 1"):
        bool(Tensor([1, 2]))
    with pytest.raises(TypeError):
        _ = range(5)[Tensor(2.0)]


def test_membership() -> None:
    assert 2 in Tensor([1, 2])
    assert 3 not in Tensor([1, 2])


def test_copies_do_not_share_and_detached_ones_do() -> None:
    x = Tensor(normal(2, 3))
    for other in (x.clone(), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert not np.shares_memory(other.numpy(), x.numpy())
        assert other.tolist() == x.tolist()
    for other in (x.detach(), x.data):
        assert other.numpy() is x.numpy()


def test_data_can_be_replaced() -> None:
    x = Tensor([1.0])
    x.data = Tensor([2.0, 3.0])
    assert x.tolist() == [2.0, 3.0]


def test_contiguous() -> None:
    x = Tensor(normal(2, 3)).T
    assert not x.numpy().flags.c_contiguous
    assert x.contiguous().numpy().flags.c_contiguous
    same(x.contiguous(), torch.from_numpy(normal(2, 3)).T)
    assert Tensor(1.0).contiguous().shape == ()


def test_an_array_on_the_left_gives_way_and_numpy_functions_give_arrays() -> None:
    array, x = normal(2, 3), Tensor(normal(2, 3, seed=1))
    assert isinstance(array + x, Tensor)
    same(array - x, torch.from_numpy(array) - torch.from_numpy(x.numpy()))
    assert isinstance(np.float32(2) * x, Tensor)
    assert isinstance(np.exp(x), np.ndarray)
    assert np.array(x, dtype=np.float64).dtype == np.float64


def test_it_hashes_by_identity() -> None:
    x, y = Tensor([1.0]), Tensor([1.0])
    assert len({x, y, x}) == 2


def test_gradients_are_refused_by_name_of_the_backend_that_has_them() -> None:
    x = Tensor([1.0])
    x.requires_grad = True
    assert x.requires_grad_() is x
    assert x.requires_grad is False
    with pytest.raises(BackendError, match="no gradients: train with MCORE_BACKEND=torch"):
        x.backward()


def test_its_text_holds_values_and_element_type() -> None:
    assert repr(Tensor([[1, 2], [3, 4]])) == "tensor([[1, 2],\n        [3, 4]], dtype=int64)"


def test_attributes_cannot_be_invented() -> None:
    with pytest.raises(AttributeError):
        Tensor([1.0]).grad = 1  # type: ignore[attr-defined]
