"""How a program may compute."""

from enum import StrEnum

from mcore.platform.errors import BackendError


class Mode(StrEnum):
    """What a plan may trade for speed."""

    DEFAULT = "default"
    """Planned; the accuracy of direct float32 convolution."""

    FAST = "fast"
    """Planned, with larger Winograd tiles where they pay: about ten times the rounding error of direct convolution."""

    EXACT = "exact"
    """Planned, without Winograd: every convolution is a plain sum of products."""

    REFERENCE = "reference"
    """Node by node with the plain kernels of the op registry, which define the ops."""

    @classmethod
    def of(cls, name: str) -> "Mode":
        """The mode of that name; raises :class:`BackendError` for a name that is none."""
        try:
            return cls(name)
        except ValueError:
            raise BackendError(f"the runtime has no mode {str(name)!r}; it has {', '.join(cls)}") from None
