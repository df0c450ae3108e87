"""Errors of a conversion.

::

    ConversionError
    ├── ModelFailed            the model's own forward raised; holds that exception
    ├── CaptureRefused         the model does something that a graph cannot hold; names module and source line
    ├── ReferenceInvalid       the golden outputs prove nothing: constant, not finite, blind to the input, or drowned in
    │                          rounding errors
    └── VerificationFailed     the graph does not compute what torch computes
        └── RuleDisagrees      the shape rule of an op gives another type than torch gave

The first is the model author's to mend, the last two the converter's; an exception that is none of these is a fault of the
converter and is let through as it is.
"""

from __future__ import annotations


class ConversionError(Exception):
    """Base of all errors raised by ``mcore.convert``; its text is one line."""


class ModelFailed(ConversionError):  # noqa: N818
    """The model's own forward raised.

    Args:
        error: what it raised.
        place: module path and source line in the model's code.
    """

    def __init__(self, error: Exception, place: str) -> None:
        text = str(error).split("\n", 1)[0]
        super().__init__(f"{place}: the model's forward raised {type(error).__name__}: {text}")
        self.error, self.place = error, place


class CaptureRefused(ConversionError):  # noqa: N818
    """The model does something that a graph cannot hold.

    Args:
        what: what it does and what to do about it, one clause each.
        place: module path and source line, ``""`` where there is no single one.
    """

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(f"{place}: {what}" if place else what)
        self.what, self.place = what, place


class ReferenceInvalid(ConversionError):  # noqa: N818
    """The golden outputs of a sample prove nothing about a device."""


class VerificationFailed(ConversionError):  # noqa: N818
    """The graph, run on the Platform, does not compute what torch computes."""


class RuleDisagrees(VerificationFailed):
    """The shape rule of an op gives another type than torch gave."""
