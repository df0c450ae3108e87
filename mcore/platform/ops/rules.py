"""What shape rules share: broadcasting, dimension numbers and checks, all on sizes that may be symbolic.

Rules raise :class:`~mcore.platform.errors.ShapeError` with the clause only; the registry puts the op's name before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mcore.platform.dims import Expr
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType

Size = int | Expr
Shape = tuple[Size, ...]

#: Most outputs of one node; a graph from elsewhere may not ask for more.
MAX_OUTPUTS = 4096


def check_rank(name: str, value: TensorType, *ranks: int) -> None:
    """Raise unless the rank of ``value`` is one of ``ranks``."""
    if len(value.shape) not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise ShapeError(f"{name} must have {wanted} dimensions, it has {describe(value.shape)}")


def check_equal(what: str, size: Size, wanted: Size) -> None:
    """Raise if both sizes are known and differ."""
    if isinstance(size, int) and isinstance(wanted, int) and size != wanted:
        raise ShapeError(f"{what} is {size}, must be {wanted}")


def check_positive(**values: Iterable[Size]) -> None:
    """Raise if one of the known numbers is below one."""
    _check_from(1, "must be positive", values)


def check_not_negative(**values: Iterable[Size]) -> None:
    """Raise if one of the known numbers is below zero."""
    _check_from(0, "must not be negative", values)


def _check_from(least: int, what: str, values: Mapping[str, Iterable[Size]]) -> None:
    for name, numbers in values.items():
        for number in numbers:
            if isinstance(number, int) and number < least:
                raise ShapeError(f"{name} {what}, it is {number}")


def check_floating(name: str, value: TensorType) -> None:
    """Raise unless ``value`` has a floating-point type."""
    if not value.dtype.is_floating:
        raise ShapeError(f"{name} must be floating point, it is {value.dtype}")


def dimension(dim: int, rank: int) -> int:
    """``dim`` counted from the front; a tensor of rank 0 has dimensions 0 and -1, as in torch."""
    span = max(rank, 1)
    if not -span <= dim < span:
        raise ShapeError(f"dimension {dim} is out of range for rank {rank}")
    return dim % span


def dimensions(dims: Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """``dims`` counted from the front, without repeats; all of them for ``None`` or an empty sequence."""
    if not dims:
        return tuple(range(rank))
    found = tuple(dimension(d, rank) for d in dims)
    if len(set(found)) != len(found):
        raise ShapeError(f"dimensions {list(dims)} name one twice")
    return found


def product(sizes: Iterable[Size]) -> Size:
    """Product of sizes; 1 for none."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def broadcast(*shapes: Sequence[Size]) -> Shape:
    """The common shape. Of two unequal sizes of which one is symbolic the known one counts, else the left one."""
    rank = max((len(s) for s in shapes), default=0)
    result: list[Size] = [1] * rank
    for shape in shapes:
        offset = rank - len(shape)
        for axis, size in enumerate(shape, start=offset):
            result[axis] = _meet(result[axis], size)
    return tuple(result)


def describe(shape: Sequence[Size]) -> str:
    """A shape as text: ``(N, 3, H, W)``."""
    return f"({', '.join(map(str, shape))})"


def _meet(a: Size, b: Size) -> Size:
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if isinstance(a, int) and isinstance(b, int):
        raise ShapeError(f"sizes {a} and {b} do not broadcast")
    return b if isinstance(b, int) else a
