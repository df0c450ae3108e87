"""``pretrained=True`` for every network and backbone, without a parameter in each constructor."""

from typing import Any

from mcore.module import Module, in_skeleton
from mcore.pretrained import Adaptation, load_pretrained


class Pretrained(type(Module)):
    """Metaclass whose classes take ``pretrained`` beside their constructor's parameters.

    ``True`` loads the weights of the class by family and name, an :class:`~mcore.pretrained.Adaptation` says what may be done
    about other channels or classes; see :mod:`mcore.pretrained`. A backbone takes those of its classifier, too. The recorded
    constructor is without it, since a bundle holds the weights themselves; a skeleton takes none. A class may declare
    ``key_maps``: by layout, pairs of a pattern and its replacement, ``None`` to drop what matches.

    Raises:
        PretrainedError: the weights are not there or do not fit.
    """

    def __call__(cls, *args: Any, pretrained: bool | Adaptation = False, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        if pretrained and not in_skeleton():
            adaptation = pretrained if isinstance(pretrained, Adaptation) else Adaptation()
            load_pretrained(made, adaptation, partial=cls.kind == "backbone")
        return made
