"""What failures are alike: outcome, cause, the op at which results part, and the message without what differs by chance.

Failures of different networks, sizes, units and days so have one signature where they are one fault; pure.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

#: Letters of a signature's text; what a message has beyond them tells faults apart no better.
LONGEST = 480

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_HEX = re.compile(r"\b(?:0x[0-9a-f]+|(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,})\b", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\w.+~-]*[/\\])+[\w.+~-]+")
_NUMBER = re.compile(r"(?<![A-Za-z_0-9])[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?(?![A-Za-z_])", re.IGNORECASE)
_SIZE = re.compile(r"\b\d+(?:x\d+)+\b", re.IGNORECASE)
_WITH_UNIT = re.compile(r"\b\d+(?:\.\d+)?(?=(?:[kKMGT]i?B|ms|us|s|dB|%)\b)")
_NUMBERED = re.compile(r"\b(?!(?:u?int|b?float|complex)\d+\b)([A-Za-z_]+)\d+\b")
_SPACE = re.compile(r"\s+")


class Signature(NamedTuple):
    """``key`` is what failures are grouped by, ``text`` is for people."""

    key: str
    text: str


def signature(outcome: str, cause: str, op: str, message: str) -> Signature:
    """The signature of a failure.

    Args:
        outcome: of the attempt or the conversion.
        cause: as it was reported.
        op: signature of the first divergent layer; empty where there is none.
        message: what was said.
    """
    parts = (outcome, cause, _NUMBER.sub("#", op), normalised(message))
    text = " | ".join(part for part in parts if part)[:LONGEST]
    return Signature(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16], text)


def normalised(message: str) -> str:
    """A message without numbers, sizes, paths and ids.

    Names of types keep their digits (``float32``); of other words digits at the end are taken out (``layer1``), since they
    number things.
    """
    for pattern, instead in (
        (_UUID, "<id>"),
        (_HEX, "<id>"),
        (_PATH, "<path>"),
        (_SIZE, "#"),
        (_WITH_UNIT, "#"),
        (_NUMBER, "#"),
        (_NUMBERED, r"\1#"),
        (_SPACE, " "),
    ):
        message = pattern.sub(instead, message)
    return message.strip()
