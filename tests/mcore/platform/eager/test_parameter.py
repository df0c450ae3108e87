"""Parameter and no_grad of the Platform backend."""

import pickle

import numpy as np

from mcore.platform.eager.parameter import Parameter, no_grad
from mcore.platform.eager.tensor import Tensor, from_numpy, tensor


def test_a_parameter_is_a_tensor_that_computes_tensors() -> None:
    parameter = Parameter(Tensor([1.0, 2.0]), requires_grad=True)
    assert isinstance(parameter, Tensor)
    assert not parameter.requires_grad
    assert type(parameter * 2) is Tensor
    assert type(pickle.loads(pickle.dumps(parameter))) is Parameter
    assert repr(parameter).startswith("Parameter containing:\ntensor([")


def test_no_grad_is_a_context_and_a_decorator() -> None:
    @no_grad()
    def double(x: float) -> float:
        return 2 * x

    @no_grad
    def triple(x: float) -> float:
        return 3 * x

    with no_grad():
        assert (double(2.0), triple(2.0)) == (4.0, 6.0)


def test_tensors_from_data_copy_and_from_numpy_share() -> None:
    array = np.ones(2, np.float32)
    shared, copied = from_numpy(array), tensor(array)
    array[0] = 5.0
    assert shared.tolist() == [5.0, 1.0]
    assert copied.tolist() == [1.0, 1.0]
    assert tensor(shared).numpy() is not array
