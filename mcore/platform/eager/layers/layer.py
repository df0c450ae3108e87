"""What the base layers share."""

from __future__ import annotations

from typing import Any, ClassVar

from mcore.platform.eager.base_module import Module


class Layer(Module):
    """A base layer, which prints itself as torch's does.

    ``shown`` is the text in the brackets, a format of the layer: ``"dim={0.dim}"``. A layer that works in place says so.
    """

    shown: ClassVar[str] = ""

    def extra_repr(self) -> str:
        """What stands in the brackets after the class."""
        text = self.shown.format(self)
        in_place = "inplace=True" if vars(self).get("inplace") and "inplace" not in text else ""
        return ", ".join(filter(None, (text, in_place)))


def several(value: Any, count: int) -> tuple[Any, ...]:
    """``count`` values: those of a sequence, or one value as often."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) * count
