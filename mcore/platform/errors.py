"""Errors of the Platform.

::

    PlatformError
    ├── FormatError        a file of a bundle cannot be trusted; names file and place
    ├── GraphError         a graph is not well formed (unknown op, dangling name, wrong type)
    │   └── ShapeError     the shapes or dtypes that meet at an op do not fit
    ├── ResourceError      what a graph asks for does not fit in the memory of this machine
    ├── GuardError         the input size is one that the capture did not cover
    └── BackendError       the chosen backend cannot do this (training on the Platform, say)
"""


class PlatformError(Exception):
    """Base of all errors raised by ``mcore.platform``; its text is one line."""


class FormatError(PlatformError):
    """A file of a bundle cannot be trusted.

    Args:
        what: what is wrong, one clause.
        where: the file and the place in it, such as ``graph.json: nodes[3].inputs[0]``.
        hint: what to do about it, if that is known.
    """

    def __init__(self, what: str, *, where: str, hint: str = "") -> None:
        what, where, hint = map(_printable, (what, where, hint))
        super().__init__(f"{where}: {what}" + (f" ({hint})" if hint else ""))
        self.what, self.where, self.hint = what, where, hint


#: Characters that one part of an error shows of a file's content.
_SHOWN = 1000


def _printable(text: str) -> str:
    """``text`` on one line of bearable length: a file from elsewhere has no say over the terminal or log that shows it."""
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return shown if shown.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


class GraphError(PlatformError):
    """A graph is not well formed."""


class ShapeError(GraphError):
    """Shapes or dtypes that meet at an op do not fit."""


class GuardError(PlatformError):
    """The input has a size that the capture did not cover."""


class ResourceError(PlatformError):
    """A graph asks for more memory than this machine has."""


class BackendError(PlatformError):
    """The chosen backend cannot do what was asked."""
