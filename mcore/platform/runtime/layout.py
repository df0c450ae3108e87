"""Which values are stored as images (N, H, W, C): what convolutions and pools touch, and all that is combined with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcore.platform.dtypes import DType
from mcore.platform.runtime.binding import Binding
from mcore.platform.runtime.fusion import Group

#: Ops that work on images; their planned forms want their first input and their output stored so.
IMAGE_OPS = frozenset(
    {"conv2d", "conv_transpose2d", "batch_norm", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "interpolate"}
)


class _Classes:
    """Sets of values that are stored alike (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        while (parent := self._parent.get(name, name)) != name:
            name = parent
        return name

    def join(self, names: Sequence[str]) -> None:
        for name in names[1:]:
            self._parent[self.find(name)] = self.find(names[0])


def images(binding: Binding, groups: Iterable[Group]) -> frozenset[str]:
    """Names of the values that are stored as images.

    Values of one shape that an op combines are stored alike, so that it runs on flat memory; so are the parts of a ``cat``.
    """
    classes = _Classes()
    wanted: list[str] = []
    for group in groups:
        node = group.head
        members = [
            name for name in (*node.operands, *group.outputs, *_residuals(group)) if _may_be_image(binding, name)
        ]
        if node.op in IMAGE_OPS:
            alike = [name for name in (*group.outputs, *_residuals(group)) if name in members]
            wanted += [name for name in (node.operands[0], *alike) if name in members]
            classes.join(alike)
        elif node.op == "cat":
            classes.join(members)
        else:
            classes.join([name for name in members if binding.types[name] == binding.types[group.outputs[0]]])
    chosen = {classes.find(name) for name in wanted}
    return frozenset(n for n in binding.types if _may_be_image(binding, n) and classes.find(n) in chosen)


def _residuals(group: Group) -> list[str]:
    return [stage.value for stage in group.stages if hasattr(stage, "value")]


def _may_be_image(binding: Binding, name: str) -> bool:
    kind = binding.types[name]
    return kind.dtype is DType.FLOAT32 and len(kind.shape) == 4
