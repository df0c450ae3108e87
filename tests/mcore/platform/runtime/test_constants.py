import numpy as np
import pytest

from mcore.platform.runtime.constants import Constants


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


def test_a_copy_is_added_to_alone() -> None:
    constants = Constants({"a": lambda: np.zeros(1)})
    more = constants.copy()
    more.keep("b", array := np.ones(3))
    assert more["b"] is array
    assert not array.flags.writeable
    assert list(more) == ["a", "b"]
    assert list(constants) == ["a"]
