"""To ONNX: how each op of the Platform is written in ONNX's operators, or why it is not.

Beside the registry, one file per family. A writer takes what the op's kernel takes, with :class:`Value` for arrays, and an
:class:`~mcore.platform.onnx.emitter.Emitter` in front; it gives the name of its result, or a tuple of names::

    @writes("silu")
    def _silu(e: Emitter, x: Value) -> str:
        return e("Mul", x, e("Sigmoid", x))

Where ONNX leaves something open (the result of an operator for NaN, say), so does the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.ops.rules import Shape

Writer = Callable[..., str | tuple[str, ...]]
W = TypeVar("W", bound=Writer)

#: Writers by op name.
WRITERS: dict[str, Writer] = {}
#: Ops that have no form in ONNX at all, with the reason.
REFUSED: dict[str, str] = {}


class NoForm(Exception):  # noqa: N818
    """An op, with these attributes or element types, has no form in ONNX; the text is the reason."""


class NeedsSizes(Exception):  # noqa: N818
    """The form depends on a size that is not known: the graph has to be written for one input size."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the ONNX graph in the making; sizes may be symbolic."""

    name: str
    type: TensorType

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.type.dtype

    @property
    def shape(self) -> Shape:
        """Sizes."""
        return self.type.shape

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.type.shape)


def writes(*names: str) -> Callable[[W], W]:
    """Register the decorated writer for the ops ``names``."""

    def register(writer: W) -> W:
        for name in names:
            if name in WRITERS or name in REFUSED:
                raise ValueError(f"op {name!r} stands in the table twice")
            WRITERS[name] = writer
        return writer

    return register


def refuses(reason: str, *names: str) -> None:
    """Say why the ops ``names`` have no form in ONNX."""
    for name in names:
        if name in WRITERS or name in REFUSED:
            raise ValueError(f"op {name!r} stands in the table twice")
        REFUSED[name] = reason


def plain(kind: str, **attributes: Any) -> Writer:
    """A writer of an op that is one operator of ONNX, of the same inputs."""

    def write(e: Any, *values: Value) -> str:
        result: str = e(kind, *values, **attributes)
        return result

    return write
