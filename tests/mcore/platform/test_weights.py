from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.weights import HandedOver, kind_of


class Unwilling(HandedOver):
    """Weights that nobody may ask for."""

    @property
    def types(self) -> Mapping[str, TensorType]:
        return {"a": TensorType(DType.BFLOAT16, (2, 3))}

    def __getitem__(self, name: str) -> np.ndarray:
        raise AssertionError(name)

    def own(self, name: str) -> np.ndarray:
        raise AssertionError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.types)

    def __len__(self) -> int:
        return 1


def test_a_kind_is_told_without_asking_for_the_weight() -> None:
    assert kind_of(Unwilling(), "a") == (DType.BFLOAT16.numpy, (2, 3))


def test_the_kind_of_an_array_is_its_own() -> None:
    assert kind_of({"a": np.zeros((2, 0), np.int8)}, "a") == (np.dtype(np.int8), (2, 0))
    with pytest.raises(KeyError):
        kind_of({}, "a")
