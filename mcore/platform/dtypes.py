"""Element types of the Platform and their NumPy storage."""

from enum import StrEnum

import numpy as np

from mcore.platform.bfloat16 import STORED, is_bfloat16, narrow, widen


class DType(StrEnum):
    """Element type of a tensor; the value is the name used in ``graph.json`` (torch's name without the prefix)."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT64 = "int64"
    INT32 = "int32"
    INT16 = "int16"
    INT8 = "int8"
    UINT8 = "uint8"
    BOOL = "bool"

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype that stores it; of bfloat16 the bits alone (:mod:`mcore.platform.bfloat16`)."""
        return STORED if self is DType.BFLOAT16 else np.dtype(self.value)

    @property
    def is_floating(self) -> bool:
        """Whether it is a floating-point type."""
        return "float" in self.value

    @classmethod
    def of(cls, array: np.ndarray) -> "DType":
        """The element type of ``array``; raises ``ValueError`` for one that the Platform does not have."""
        return cls.BFLOAT16 if is_bfloat16(array) else cls(array.dtype.name)

    def cast(self, array: np.ndarray) -> np.ndarray:
        """``array``, of any element type, in this one; itself where it has that already."""
        if self is DType.BFLOAT16:
            return array if is_bfloat16(array) else narrow(array)
        return (widen(array) if is_bfloat16(array) else array).astype(self.numpy, copy=False)
