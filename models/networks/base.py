"""What every network promises."""

from typing import ClassVar

from mcore.module import Module


class Network(Module):
    """An image ``x`` in, the answer of a task out.

    ``task`` is one of :data:`TASKS`; subclasses set it, and ``sampling``.
    """

    kind: ClassVar[str] = "network"
    task: str


#: What networks and heads answer.
TASKS = ("classification", "segmentation", "detection", "depth")
