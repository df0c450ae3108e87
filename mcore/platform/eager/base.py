"""The Tensor of the Platform backend: one ndarray, with torch's names for what can be asked of it.

Operations are not here: :mod:`mcore.platform.eager.tensor` puts each function of :mod:`mcore.platform.eager.functional` on the
class as a method, so that ``x.softmax(1)`` and ``softmax(x, 1)`` are one object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, Self

import numpy as np

from mcore.platform.bfloat16 import is_bfloat16, widen
from mcore.platform.dtypes import DType
from mcore.platform.eager import indexing
from mcore.platform.errors import BackendError


class Tensor:
    """An array on the Platform: values of one element type (:class:`DType`) in one ndarray, which views of it share.

    ``Tensor(values)`` takes an array as it is, without a copy, and Python numbers as torch does: floats become float32,
    integers int64. It is no subclass of ndarray; ``np.asarray(x)`` gives the ndarray.

    Raises:
        BackendError: the values are of an element type that the Platform does not have.
    """

    __slots__ = ("__weakref__", "_array")

    #: Makes ``ndarray + Tensor`` a Tensor: NumPy leaves the operator to the other side.
    __array_priority__ = 1000

    def __init__(self, data: Any, dtype: DType | None = None) -> None:
        array = to_array(data)
        self._array = array if dtype is None else dtype.cast(array)
        try:
            DType.of(self._array)
        except ValueError:
            known = ", ".join(DType)
            raise BackendError(f"the Platform has no element type {self._array.dtype}: use {known}") from None

    def __getattr__(self, name: str) -> Any:
        """Only for what is missing: the operations are methods that the class gets from the table of functions."""
        if name.endswith("_") and not name.startswith("_") and hasattr(type(self), name[:-1]):
            raise AttributeError(
                f"{name[:-1]} has no form that writes to the tensor itself here: use x = x.{name[:-1]}(...)"
            )
        raise AttributeError(f"the Platform's {type(self).__name__} has no {name!r}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes in elements."""
        return self._array.shape

    @property
    def dtype(self) -> DType:
        """Element type."""
        return DType.of(self._array)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self._array.ndim

    @property
    def device(self) -> str:
        """Where it is: always ``"cpu"``."""
        return "cpu"

    @property
    def requires_grad(self) -> bool:
        """Always false: nothing is differentiated here."""
        return False

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        """Taken and forgotten, so that a model file may freeze its parameters on either backend."""

    @property
    def data(self) -> Tensor:
        """The same values; writes to it are writes to this tensor."""
        return Tensor(self._array)

    @data.setter
    def data(self, value: Tensor) -> None:
        self._array = to_array(value)

    @property
    def T(self) -> Tensor:  # noqa: N802 (torch's name)
        """Dimensions in reverse order."""
        return Tensor(self._array.T)

    @property
    def mT(self) -> Tensor:  # noqa: N802 (torch's name)
        """The last two dimensions swapped."""
        return Tensor(self._array.swapaxes(-1, -2))

    def size(self, dim: int | None = None) -> Any:
        """Shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """Number of dimensions."""
        return self.ndim

    def numel(self) -> int:
        """Number of elements."""
        return self._array.size

    def numpy(self) -> np.ndarray:
        """The ndarray itself, not a copy; of bfloat16 the stored bits, where ``np.asarray`` gives float32."""
        return self._array

    def item(self) -> Any:
        """The one element as a Python number."""
        return numbers(self).item()

    def tolist(self) -> Any:
        """Elements as nested lists of Python numbers."""
        return numbers(self).tolist()

    def detach(self) -> Tensor:
        """The same values."""
        return Tensor(self._array)

    def clone(self) -> Tensor:
        """A copy."""
        return Tensor(self._array.copy())

    def contiguous(self) -> Tensor:
        """The same values in C order, copied if they are not."""
        return Tensor(np.ascontiguousarray(self._array)) if self.ndim else self

    def is_floating_point(self) -> bool:
        """Whether the element type is a floating-point one."""
        return self.dtype.is_floating

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Nothing; see :attr:`requires_grad`."""
        return self

    def backward(self, *_: Any, **__: Any) -> NoReturn:
        """Not on this backend.

        Raises:
            BackendError: always.
        """
        raise BackendError("the Platform backend computes no gradients: train with MCORE_BACKEND=torch")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(numbers(self), dtype=dtype, copy=copy)

    def __getitem__(self, index: Any) -> Tensor:
        return Tensor(indexing.get(self._array, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.put(writable(self), index, self.dtype.cast(to_array(value)))

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        return (Tensor(row) for row in self._array)

    def __contains__(self, value: Any) -> bool:
        return bool((numbers(self) == np.asarray(value)).any())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __index__(self) -> int:
        return self._array.__index__()

    def __hash__(self) -> int:
        return id(self)  # equality is elementwise, as in torch

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = type(self).__new__(type(self))
        copied._array = self._array.copy()
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> tuple[type, tuple[np.ndarray]]:
        return type(self), (self._array,)

    def __repr__(self) -> str:
        values = np.array2string(numbers(self), separator=", ", prefix="tensor(")
        return f"tensor({values}, dtype={self.dtype.value})"


def writable(tensor: Tensor) -> np.ndarray:
    """The memory of a tensor, to be written to; raises :class:`BackendError` where it must not be."""
    if not tensor._array.flags.writeable:
        raise BackendError(
            "the tensor shares memory that cannot be written (an expanded or read-only one): clone it first"
        )
    return tensor._array


def numbers(value: Any) -> np.ndarray:
    """The values as NumPy computes with them: :func:`to_array`, with bfloat16 as float32."""
    array = to_array(value)
    return widen(array) if is_bfloat16(array) else array


def to_array(value: Any) -> np.ndarray:
    """The ndarray of a tensor, array or nest of numbers; Python floats become float32, integers int64."""
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value)
    if isinstance(value, list | tuple) and any(isinstance(v, Tensor | np.ndarray) for v in value):
        return np.stack([to_array(v) for v in value])
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype == np.float64 and not hasattr(value, "__array__") else array
