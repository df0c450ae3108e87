"""The wire messages between coordinator and device hosts: JSON, typed, versioned, bounded.

Importable without torch and without SQL. A message carries everything that a host needs and no credential:

``attempt/3``  coordinator → queue ``device_<type>``, or ``unit/device_<type>/<unit>`` for one unit alone: run this bundle,
               judge by this policy, within these limits.
``started/1``  host → queue ``results``: the attempt has a unit now.
``refusal/1``  host → queue ``results``: the attempt could not be read, and why.
``report/4``   host → queue ``results``: the attempt's report.
``heartbeat/1``  host → queue ``results``: the unit lives, takes attempts or not, and has one begun or not.
``check/1``    coordinator → queue ``check/device_<type>/<unit>``: look whether the unit is sound.
``checked/1``  host → queue ``results``: what is wrong with the unit, if anything.
``control/1``  coordinator → queue ``control/device_<type>/<unit>``: take attempts from now on, or take none.

Of each, the version before is read too, so that hosts are upgraded first and one by one, while the coordinator is stopped (an
old one would not read the reports of new hosts): now these are ``attempt/2`` and ``report/3``.

``attempt`` and ``token`` identify one attempt: the token is drawn when its lease is taken, so that a message of an earlier
dispatch can be told from the current one. ``nonce`` must come back inside the report, from the process that did the work.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any, get_args

import msgspec

from farm.caps import check_caps
from workers.excerpt import excerpt
from workers.policy import Policy
from workers.report import AttemptReport

MAX_MESSAGE_BYTES = 4 << 20
RESULTS_QUEUE = "results"

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:+\-]+\Z")]
Text = Annotated[str, msgspec.Meta(max_length=512)]
Hash = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[0-9a-f]{64}$")]


class ProtocolError(Exception):
    """A message that is not of this protocol; the text is one line."""


class VersionError(ProtocolError):
    """A message of a kind that is known, in a version that is not: ``ours`` is spoken here, ``theirs`` was sent."""

    def __init__(self, ours: str, theirs: str) -> None:
        super().__init__(f"it is {theirs}, and {ours} is spoken here")
        self.ours, self.theirs = ours, theirs


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the attempt may use: seconds for all of it, bytes of memory."""

    time_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    memory_bytes: Annotated[int, msgspec.Meta(gt=0)]


class AttemptMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="attempt/3"):
    """One attempt: one bundle with all its samples, on one unit of one device type.

    ``bundle`` is the bundle's identity, ``manifest`` the sha256 under which the artifact store keeps its manifest. A unit whose
    stack has the hash ``measured_stack`` leaves out what only measures: the latency of this graph on this stack is known.
    """

    attempt: Identifier
    token: Identifier
    nonce: Identifier
    architecture: Text
    bundle: Hash
    manifest: Hash
    device_type: Identifier
    driver: Identifier
    profile: dict[str, Any]
    policy: Policy
    limits: Limits
    measured_stack: Hash | None


class StartedMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="started/1"):
    """The attempt was taken up by a unit."""

    attempt: Identifier
    token: Identifier
    unit: Text


class ReportMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="report/4"):
    """The attempt ended on a unit, with this report; ``duration_s`` is the wall time on the host."""

    attempt: Identifier
    token: Identifier
    unit: Text
    duration_s: Annotated[float, msgspec.Meta(ge=0)]
    report: AttemptReport


class RefusalMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="refusal/1"):
    """The attempt, or the report on it, could not be read by the end that it was sent to; ``reason`` says which and why."""

    attempt: Identifier
    token: Identifier
    unit: Text
    reason: Text


class HeartbeatMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="heartbeat/1"):
    """A unit lives; it says so every ``every_s`` seconds, also while it runs an attempt.

    ``attended`` says whether it was told anything ever, ``accepting`` and ``at_once`` are what it was told last (see
    :class:`ControlMessage`), ``attempt`` is the one that it has
    taken up, begun or still waiting for its turn on the host, ``free_disk_bytes`` what is left where its cache is.
    """

    device_type: Identifier
    unit: Text
    host: Text
    every_s: Annotated[float, msgspec.Meta(gt=0, le=3600)]
    attended: bool
    accepting: bool
    at_once: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None
    attempt: Identifier | None
    free_disk_bytes: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] | None


class ControlMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="control/1"):
    """Whether the unit takes attempts from the queue of its device type from now on, and why not.

    ``at_once`` is how many units of its host may run an attempt at the same time, ``None`` for any number.
    """

    device_type: Identifier
    unit: Text
    accept: bool
    reason: Text
    at_once: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None


class CheckMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="check/1"):
    """Look whether the unit is sound: its disk, the artifact store as it sees it, the canary on the device."""

    check: Identifier
    token: Identifier
    device_type: Identifier
    unit: Text
    driver: Identifier
    profile: dict[str, Any]


class CheckedMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="checked/1"):
    """The unit was checked: ``failure`` is what is wrong, in one line, ``""`` where it is sound.

    ``outside`` says that it is nothing of the unit's own: its store, its disk, its profile. ``stack`` is its fingerprint, as
    far as it told one.
    """

    check: Identifier
    token: Identifier
    device_type: Identifier
    unit: Text
    failure: Annotated[str, msgspec.Meta(max_length=4096)]
    outside: bool
    stack: dict[Annotated[str, msgspec.Meta(max_length=128)], Text]


class _ReportMessage3(ReportMessage, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="report/3"):
    """A report without the errors of the values that were looked at on the way to the first divergent layer."""

    def upgraded(self) -> ReportMessage:
        return ReportMessage(self.attempt, self.token, self.unit, self.duration_s, self.report)


class _AttemptMessage2(AttemptMessage, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="attempt/2"):
    """What the version before sent: an attempt whose policy judges the outputs."""

    def upgraded(self) -> AttemptMessage:
        return AttemptMessage(**msgspec.structs.asdict(self))


Message = (
    AttemptMessage
    | StartedMessage
    | ReportMessage
    | RefusalMessage
    | HeartbeatMessage
    | ControlMessage
    | CheckMessage
    | CheckedMessage
)
#: What a host says of an attempt.
OfAttempt = StartedMessage | ReportMessage | RefusalMessage
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message | _AttemptMessage2 | _ReportMessage3)


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


#: Schemas of what is sent, by kind, and of all that is read.
_SPOKEN = {tag.partition("/")[0]: tag for tag in map(_tag, get_args(Message))}
_READ = {*_SPOKEN.values(), _tag(_AttemptMessage2), _tag(_ReportMessage3)}


def queue_of(device_type: str) -> str:
    """Name of the queue that hosts of a device type consume."""
    return f"device_{device_type}"


def unit_queue_of(device_type: str, unit: str) -> str:
    """Name of the queue of attempts that one unit alone is to run."""
    return f"unit/{queue_of(device_type)}/{unit}"


def check_queue_of(device_type: str, unit: str) -> str:
    """Name of the queue of checks of a unit: it takes them also where it takes no attempts."""
    return f"check/{queue_of(device_type)}/{unit}"


def control_queue_of(device_type: str, unit: str) -> str:
    """Name of the queue over which a unit is told what to do."""
    return f"control/{queue_of(device_type)}/{unit}"


def new_token() -> str:
    """An unguessable token."""
    return secrets.token_hex(16)


def encode(message: Message) -> bytes:
    """The message as JSON."""
    return msgspec.json.encode(message)


def decode(data: bytes | str) -> Message:
    """Read a message of this version or the one before.

    Raises:
        ProtocolError: it is too large, not JSON, of an unknown schema, or a field is missing, unknown or out of bounds.
    """
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"message of {len(raw)} bytes; the limit is {MAX_MESSAGE_BYTES}")
    try:
        message = _DECODER.decode(raw)
        check_caps(message)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        _check_version(raw)
        # What is wrong is quoted, and may be as long as the message.
        raise ProtocolError(f"not a message of this version: {excerpt(str(error), 256)}") from None
    return message.upgraded() if isinstance(message, _AttemptMessage2 | _ReportMessage3) else message


class Envelope(msgspec.Struct, frozen=True):
    """What of an unreadable message can be read all the same: which it is, of which attempt."""

    schema: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[a-z]+/[0-9]+\Z")]
    attempt: Identifier
    token: Identifier
    unit: Text = ""

    @property
    def kind(self) -> str:
        """The schema without its version."""
        return self.schema.partition("/")[0]


def read_envelope(data: bytes | str) -> Envelope | None:
    """The envelope of a message about an attempt, of whatever version; ``None`` where it has none that can be read."""
    try:
        return msgspec.json.decode(data, type=Envelope)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


class _Schema(msgspec.Struct, frozen=True):
    schema: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[a-z]+/[0-9]+\Z")]


def _check_version(raw: bytes) -> None:
    """Raise :class:`VersionError` for a message of a known kind in another version than is read."""
    try:
        theirs = msgspec.json.decode(raw, type=_Schema).schema
    except (msgspec.DecodeError, ValueError, RecursionError):
        return
    ours = _SPOKEN.get(theirs.partition("/")[0])
    if ours is not None and theirs not in _READ:
        raise VersionError(ours, theirs)
