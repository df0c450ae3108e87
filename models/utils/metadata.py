"""What a public architecture says of itself, read from the one place where it is said: its class and its module's docstring."""

import re
import sys
from dataclasses import dataclass
from typing import Any

from mcore.sampling import Sampling

_LINK = re.compile(r"https?://[^\s,;)]+[^\s,;.)]")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Facts about an architecture.

    Args:
        name: its public name.
        kind: network, backbone, neck, head, attention or block.
        task: that a network or head answers, ``""`` for other kinds.
        papers: links to the papers, from the docstring of the module that defines it.
        sampling: its inputs, the resolutions that it is sampled at, the smallest legal size and what sizes are multiples of.
    """

    name: str
    kind: str
    task: str
    papers: tuple[str, ...]
    sampling: Sampling


def metadata(architecture: Any) -> Metadata:
    """The metadata of an architecture, given as an object."""
    cls = type(architecture)
    text = sys.modules[cls.__module__].__doc__ or ""
    return Metadata(
        name=cls.__name__,
        kind=cls.kind,
        task=getattr(architecture, "task", ""),
        papers=tuple(dict.fromkeys(_LINK.findall(text))),
        sampling=architecture.sampling,
    )
