"""Loading a state_dict: what fits is copied, what does not is reported in one line, and nothing is changed then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mcore.platform.eager import layers
from mcore.platform.eager.module import Module, Sequential
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError


def network() -> Sequential:
    return Sequential(layers.Conv2d(2, 3, 1), layers.BatchNorm2d(3))


def values(module: Module) -> dict[str, Any]:
    return {key: value.tolist() for key, value in module.state_dict().items()}


def test_a_state_taken_from_one_fits_another() -> None:
    one, other = network(), network()
    assert values(one) != values(other)
    keys = other.load_state_dict(one.state_dict())
    assert keys == ([], [])
    assert values(one) == values(other)


@pytest.mark.parametrize("kind", [np.asarray, lambda t: torch.from_numpy(np.asarray(t)), lambda t: t.tolist()])
def test_arrays_torch_tensors_and_lists_fit_too(kind: Any) -> None:
    one, other = network(), network()
    other.load_state_dict({key: kind(value) for key, value in one.state_dict().items()})
    assert values(one) == values(other)


def test_values_are_copied_into_the_memory_and_type_that_are_there() -> None:
    module = network()
    weight = module[0].weight
    state = {key: np.asarray(value, dtype=np.float64) for key, value in network().state_dict().items()}
    module.load_state_dict(state)
    assert module[0].weight is weight
    assert weight.numpy().dtype == np.float32
    state["0.weight"][...] = 7.0
    assert not (weight.numpy() == 7.0).any()


def test_everything_that_does_not_fit_is_in_one_line_and_nothing_is_changed() -> None:
    module = network()
    before = values(module)
    state = {key: value.clone() for key, value in network().state_dict().items()}
    state["0.weight"] = Tensor(np.zeros((3, 2, 2, 2), np.float32))
    state["2.weight"] = state.pop("1.weight")
    del state["0.bias"]
    with pytest.raises(BackendError) as caught:
        module.load_state_dict(state)
    assert str(caught.value) == (
        "state_dict does not fit Sequential: "
        "wrong shape: 0.weight is (3, 2, 2, 2), the module has (3, 2, 1, 1) | missing: 0.bias, 1.weight | unexpected: 2.weight"
    )
    assert values(module) == before


def test_not_strict_takes_what_fits_and_says_what_did_not() -> None:
    module, other = network(), network()
    keys = module.load_state_dict({"0.bias": other[0].bias, "2.bias": other[0].bias}, strict=False)
    assert module[0].bias.tolist() == other[0].bias.tolist()
    assert keys.missing_keys == [k for k in module.state_dict() if k != "0.bias"]
    assert keys.unexpected_keys == ["2.bias"]


def test_not_strict_takes_no_wrong_shape() -> None:
    with pytest.raises(BackendError, match=r"wrong shape: 0.bias is \(4,\), the module has \(3,\)$"):
        network().load_state_dict({"0.bias": np.zeros(4)}, strict=False)


def test_the_state_shares_memory_and_keep_vars_gives_the_parameters() -> None:
    module = network()
    module.state_dict()["0.bias"].numpy()[...] = 5.0
    assert module[0].bias.tolist() == [5.0] * 3
    assert module.state_dict(keep_vars=True)["0.bias"] is module[0].bias
    assert module.state_dict()["0.bias"] is not module[0].bias
