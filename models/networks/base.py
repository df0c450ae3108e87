"""What every network promises."""

from collections.abc import Mapping
from typing import ClassVar

from mcore.module import Module
from models.utils.pretrained import Pretrained


class Network(Module, metaclass=Pretrained):
    """An image ``x`` in, the answer of a task out.

    ``task`` is one of :data:`TASKS`; subclasses set it, ``sampling``, and ``parts`` where it is made of public ones. Every
    network takes ``pretrained`` beside its constructor's parameters; see :class:`~models.utils.pretrained.Pretrained`.
    """

    kind: ClassVar[str] = "network"
    task: str
    parts: Mapping[str, str] = {}


#: What networks and heads answer.
TASKS = ("classification", "segmentation", "detection", "depth")
