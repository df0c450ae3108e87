"""On the torch backend every name is torch's own object, looked for in torch's order of homes."""

import inspect

import pytest
import torch

import mcore.functional
import mcore.init
import mcore.layers
import mcore.tensor
from mcore.contract import FUNCTIONAL, INIT, LAYERS, TENSOR
from mcore.torch_backend import functional


@pytest.mark.parametrize("name", [name for name in FUNCTIONAL if name != "nms"])
def test_functions_are_torch_s_own(name: str) -> None:
    homes = [home for home in (torch.nn.functional, torch, torch.Tensor) if hasattr(home, name)]
    assert homes
    assert getattr(functional, name) is getattr(homes[0], name)
    assert getattr(mcore.functional, name) is getattr(homes[0], name)


def test_a_name_in_two_homes_is_the_one_of_nn_functional() -> None:
    assert functional.softmax is torch.nn.functional.softmax
    assert functional.softmax is not torch.softmax
    assert functional.cat is torch.cat
    assert functional.view(torch.zeros(4), (2, 2)).shape == (2, 2)


@pytest.mark.parametrize("name", ["no_such_function", "_C", "__path__"])
def test_other_names_are_attribute_errors(name: str) -> None:
    with pytest.raises(AttributeError, match=f"torch has no function '{name}'"):
        getattr(functional, name)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_torch_s_own(name: str) -> None:
    assert getattr(mcore.layers, name) is getattr(torch.nn, name)


@pytest.mark.parametrize("name", INIT)
def test_initialisation_is_torch_s_own(name: str) -> None:
    assert getattr(mcore.init, name) is getattr(torch.nn.init, name)


@pytest.mark.parametrize("name", TENSOR)
def test_tensors_are_torch_s_own(name: str) -> None:
    # Once it is imported, torch's compiler wraps manual_seed.
    wanted = inspect.unwrap(getattr(torch, name, getattr(torch.nn, name, None)))
    assert inspect.unwrap(getattr(mcore.tensor, name)) is wanted
