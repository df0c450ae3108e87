"""Element types of the Platform and their NumPy storage."""

from enum import StrEnum

import numpy as np


class DType(StrEnum):
    """Element type of a tensor; the value is the name used in ``graph.json`` (torch's name without the prefix)."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT64 = "int64"
    INT32 = "int32"
    INT16 = "int16"
    INT8 = "int8"
    UINT8 = "uint8"
    BOOL = "bool"

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype that stores it."""
        return np.dtype(self.value)

    @property
    def is_floating(self) -> bool:
        """Whether it is a floating-point type."""
        return self.value.startswith("float")

    @classmethod
    def of(cls, array: np.ndarray) -> "DType":
        """The element type of ``array``; raises ``ValueError`` for one that the Platform does not have."""
        return cls(array.dtype.name)
