from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.runtime.constants import Constants, Weight
from mcore.platform.weights import HandedOver


def test_recipes_are_followed_at_each_request_and_looking_for_a_name_follows_none() -> None:
    made = []

    def recipe() -> np.ndarray:
        made.append(1)
        return np.ones(2)

    constants = Constants({"a": lambda: np.zeros(1)})
    constants.add("b", recipe)
    assert "b" in constants
    assert "c" not in constants
    assert (list(constants), len(constants), made) == (["a", "b"], 2, [])
    for count in (1, 2):
        np.testing.assert_array_equal(constants["b"], np.ones(2))
        assert len(made) == count
    with pytest.raises(KeyError):
        constants["c"]


class Handed(HandedOver):
    """One weight, which is handed over, and how it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def types(self) -> Mapping[str, TensorType]:
        return {"w": TensorType(DType.FLOAT32, (3,))}

    def __getitem__(self, name: str) -> np.ndarray:
        self.asked.append("read")
        return np.arange(3, dtype=np.float32)

    def own(self, name: str) -> np.ndarray:
        self.asked.append("owned")
        return np.arange(3, dtype=np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter("w")

    def __len__(self) -> int:
        return 1


def test_scaling_writes_to_what_is_nobody_elses_alone() -> None:
    ours, handed = {"w": np.arange(3, dtype=np.float32)}, Handed()
    constants = Constants({"a": Weight(ours, "w"), "b": Weight(handed, "w"), "c": lambda: ours["w"]})
    factor = np.array([2, 3, 4], np.float32)
    for name in "abc":
        for _ in range(2):
            np.testing.assert_array_equal(constants.scaled(name, factor), [0, 3, 8])
    np.testing.assert_array_equal(ours["w"], [0, 1, 2])
    assert handed.asked == ["owned", "owned"]
    assert not constants["a"].flags.writeable
    assert ours["w"].flags.writeable


def test_what_is_handed_over_is_made_again_for_who_asks_then() -> None:
    constants = Constants({})
    first = np.ones(2)
    made = []
    constants.hand_over("a", first, lambda: made.append(1) or np.zeros(2))  # type: ignore[func-returns-value]
    assert constants["a"] is first
    assert not made
    for count in (1, 2):
        np.testing.assert_array_equal(constants["a"], np.zeros(2))
        assert len(made) == count


def test_a_copy_is_added_to_alone() -> None:
    constants = Constants({"a": lambda: np.zeros(1)})
    more = constants.copy()
    more.keep("b", array := np.ones(3))
    assert more["b"] is array
    assert not array.flags.writeable
    assert list(more) == ["a", "b"]
    assert list(constants) == ["a"]
