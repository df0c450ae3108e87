"""What the planner must know of the BLAS that NumPy calls: the kernels that it chose for this processor."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

#: Cores of OpenBLAS that have a matrix product without packing for small sizes (its ``sgemm_small_matrix_permit``).
_SMALL_KERNEL_CORES = ("skylakex", "cooperlake", "sapphirerapids")

#: That kernel takes products of at most this many multiplications.
SMALL_PRODUCT = 1_000_000

_SYMBOLS = ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename")


@dataclass(frozen=True, slots=True)
class Blas:
    """``core`` is OpenBLAS' name for the kernels in use, ``""`` for another library or an unknown one."""

    core: str = ""

    @property
    def has_small_kernel(self) -> bool:
        """Whether small products skip the packing of their operands, so that a stack of them beats one large product."""
        return self.core.lower() in _SMALL_KERNEL_CORES


@cache
def current() -> Blas:
    """The BLAS of this process."""
    folder = Path(np.__file__).parent
    for path in sorted([*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")]):
        try:
            library = ctypes.CDLL(str(path))  # already loaded by NumPy: this is a handle to it
        except OSError:
            continue
        for symbol in _SYMBOLS:
            if hasattr(library, symbol):
                function = getattr(library, symbol)
                function.restype = ctypes.c_char_p
                return Blas((function() or b"").decode("ascii", "replace"))
    return Blas()
