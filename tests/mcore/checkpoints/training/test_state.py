"""The state of a training, through a file that holds nothing but tensors and JSON."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.checkpoints import CheckpointError, DamagedError
from mcore.checkpoints.training.state import load_state, state_bytes

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


class Holder:
    """Anything that has a state."""

    def __init__(self, state: Any = None) -> None:
        self.state = state

    def state_dict(self) -> Any:
        return self.state

    def load_state_dict(self, state: Any) -> None:
        self.state = state


def through(state: Any) -> Any:
    holder = Holder()
    load_state(state_bytes({"a": Holder(state)}), {"a": holder})
    return holder.state


@settings(max_examples=40)
@given(TREES)
def test_plain_data_comes_back_of_the_same_types(tree: Any) -> None:
    assert repr(through(tree)) == repr(tree)


def test_tensors_and_arrays_come_back_bit_for_bit() -> None:
    state = {
        "bf16": torch.randn(3).bfloat16(),
        "scalar": torch.tensor(math.inf),
        "empty": torch.zeros(0, 2),
        "numbers": np.arange(6, dtype=np.uint32).reshape(2, 3),
        "one": np.float64(0.1),
        "whether": np.bool_(True),
    }
    found = through(state)
    for name in ("bf16", "scalar", "empty"):
        assert torch.equal(found[name], state[name])
        assert found[name].dtype == state[name].dtype
    np.testing.assert_array_equal(found["numbers"], state["numbers"])
    assert found["numbers"].dtype == np.uint32
    assert found["one"] == 0.1
    assert found["whether"] is True


def test_random_generators_go_on() -> None:
    data = state_bytes({})
    first = torch.rand(2), np.random.rand(2)
    load_state(data, {})
    assert torch.equal(first[0], torch.rand(2))
    np.testing.assert_array_equal(first[1], np.random.rand(2))


@pytest.mark.parametrize("value", [object(), {1, 2}, torch.zeros(1, dtype=torch.complex64), np.array([object()])])
def test_what_has_no_place_is_named(value: Any) -> None:
    with pytest.raises(CheckpointError, match=r"state\['a'\]\['x'\]\[0\]"):
        state_bytes({"a": Holder({"x": [value]})})


@pytest.mark.parametrize("data", [b"", b"\x00" * 100], ids=["empty", "zeros"])
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedError, match="cannot be read"):
        load_state(data, {"a": SimpleNamespace()})
