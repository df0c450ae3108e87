"""bfloat16 as the Platform stores it: the 16 bits of each value, in an element type of NumPy that nothing computes with.

NumPy has no bfloat16. Its bits are kept in a record of one field, so that an array says what it is, moves like any other, and
raises where a NumPy function would take its bits for numbers. Ops never see it: what they are given is widened to float32,
which is exact, and what they make is rounded (:meth:`mcore.platform.ops.registry.Op.calculate`).
"""

from __future__ import annotations

import numpy as np

#: The element type of stored arrays.
STORED = np.dtype([("bfloat16", np.uint16)])

_QUIET_NAN = 0x7FC0


def is_bfloat16(array: np.ndarray) -> bool:
    """Whether ``array`` holds bfloat16, in either byte order."""
    return array.dtype.names == STORED.names and array.dtype.itemsize == STORED.itemsize


def widen(array: np.ndarray) -> np.ndarray:
    """The values of a stored array in float32, of which they are the upper halves."""
    bits = array.astype(STORED, copy=False)["bfloat16"].astype(np.uint32) << 16
    return np.asarray(bits).view(np.float32)


def narrow(array: np.ndarray) -> np.ndarray:
    """A number array as bfloat16: rounded to float32, then to the nearest, of two the even one; NaN stays NaN."""
    with np.errstate(over="ignore"):
        values = np.asarray(array).astype(np.float32)
    bits = values.view(np.uint32)
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    stored = np.where(np.isnan(values), _QUIET_NAN, rounded).astype(np.uint16)
    return stored.view(STORED).reshape(values.shape)
