"""Parameter and gradient switches of the Platform backend, which has parameters but no gradients."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from mcore.platform.eager.base import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])


class Parameter(Tensor):
    """A tensor that is a parameter of the module that it is assigned to.

    ``requires_grad`` is accepted for torch's sake; it is always false afterwards.
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class no_grad:  # noqa: N801 (torch's name)
    """Does nothing, as a context manager and as a decorator: no gradient is ever kept here."""

    def __new__(cls, function: Any = None) -> Any:
        return super().__new__(cls) if function is None else function

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def __call__(self, function: Function) -> Function:
        return function
