"""What the child process of an attempt tells its parent: JSON lines on a descriptor of their own.

Whatever a device's library prints goes elsewhere, and what a child has told survives its death.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import msgspec

from workers.codec import MAX_BYTES, CodecError, check_cases, check_report, decode, encode
from workers.report import AttemptReport, CaseReport, Stage


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The bundle was read and the unit is known; ``bundle`` is the identity of the bytes that were read."""

    bundle: str
    samples: tuple[str, ...]
    stack: dict[str, str]


class Reached(msgspec.Struct, frozen=True, tag="reached"):
    """A stage begins; ``sample`` is the one that it is about, if it is about one."""

    stage: Stage
    sample: str = ""


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """A case is done."""

    case: CaseReport


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The attempt is done."""

    report: AttemptReport


Message = Opened | Reached | Judged | Finished


class Teller:
    """The child's end."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def __call__(self, message: Message) -> None:
        """Tell ``message``; it has left this process when the call returns."""
        rest = memoryview(encode(message) + b"\n")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


@dataclass(slots=True)
class Heard:
    """The parent's end: what the child has told so far. ``nonsense`` says what was wrong with it, ``""`` if nothing was."""

    bundle: str = ""
    samples: tuple[str, ...] = ()
    stack: dict[str, str] = field(default_factory=dict)
    stage: Stage = Stage.FETCH
    sample: str = ""
    cases: list[CaseReport] = field(default_factory=list)
    report: AttemptReport | None = None
    nonsense: str = ""
    _rest: bytes = b""

    @property
    def complete(self) -> bool:
        """Whether nothing more is worth waiting for."""
        return bool(self.report or self.nonsense)

    def feed(self, data: bytes) -> None:
        """Take in what was read from the descriptor; after the first nonsense, nothing more is."""
        if self.nonsense:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            if len(self._rest) > MAX_BYTES:
                raise CodecError(f"a line of more than {MAX_BYTES} bytes")
            for line in lines:
                self._take(decode(line, Message, what="message"))
        except CodecError as error:
            self.nonsense = str(error)

    def _take(self, message: Message) -> None:
        match message:
            case Opened(bundle, samples, stack):
                self.bundle, self.samples, self.stack = bundle, samples, stack
            case Reached(stage, sample):
                self.stage, self.sample = stage, sample
            case Judged(case):
                check_cases([*self.cases, case])
                self.cases.append(case)
            case Finished(report):
                check_report(report)
                self.report = report
