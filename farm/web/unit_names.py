"""Names of units as a step of an address: they are whatever a host calls itself.

Letters that have a meaning in addresses or in paths are written as those of a URL, with ``~`` for ``%``: what stands between
may decode a URL once more or once less, and this it leaves alone. Most names stay as they are.
"""

from __future__ import annotations

from urllib.parse import quote, unquote


def as_parameter(unit: str) -> str:
    """A name without a slash, that no path gives a meaning to."""
    quoted = quote(unit, safe="").replace("~", "%7E")
    return (quoted if quoted.strip(".") else quoted.replace(".", "%2E")).replace("%", "~")


def from_parameter(parameter: str) -> str:
    """What :func:`as_parameter` was given."""
    return unquote(parameter.replace("~", "%"))
