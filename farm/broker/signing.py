"""Signed messages: HMAC-SHA256 over device type, expiry and the whole message, with a key for each device type.

The coordinator holds a master secret (``FARM_SIGNING_KEY``), a host the key of its device type alone (``FARM_DEVICE_KEY``,
printed by ``farm broker key``). The message inside names attempt, token, bundle or unit; its kind is in it too, so that an
attempt cannot be sent back as a report. A host's clock counts for attempts only: a report expires by the coordinator's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from farm.protocol import MAX_MESSAGE_BYTES, Identifier, ProtocolError

#: How far the clocks of coordinator and host may differ.
CLOCK_MARGIN_S = 3600
#: A report may be this much later than its attempt: hosts come back late, and what they observed counts.
LATE_S = 86_400


class SignatureError(ProtocolError):
    """A message that is not signed by whom it should be, or no longer."""


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="signed/1"):
    device_type: Identifier
    expires: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
    mac: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    body: Annotated[str, msgspec.Meta(max_length=MAX_MESSAGE_BYTES)]


class _Inside(msgspec.Struct, frozen=True, tag_field="schema", tag="signed/1"):
    body: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose signature holds: its text, the device type of its key, and when it expires (s since 1970)."""

    body: str
    device_type: str
    expires: int


def device_key(master: str, device_type: str) -> str:
    """The key of a device type; from it neither the master secret nor another type's key can be had."""
    return _mac(master, f"device key\0{device_type}")


def seal(body: bytes, key: str, device_type: str, expires: int) -> bytes:
    """The message ``body``, signed with the key of a device type, good until ``expires`` (s since 1970)."""
    text = body.decode()
    return msgspec.json.encode(_Signed(device_type, expires, _mac(key, _covered(text, device_type, expires)), text))


def body_of(data: str) -> str:
    """The message inside of a signed one, whose signature is not looked at; one that is not signed is itself."""
    try:
        return msgspec.json.decode(data, type=_Inside).body
    except (msgspec.DecodeError, ValueError, RecursionError):
        return data


def unseal(data: str, key_of: Callable[[str], str], now: float) -> Opened:
    """Check a signed message.

    Args:
        data: the message.
        key_of: key of a device type.
        now: the receiver's clock (s since 1970).

    Raises:
        SignatureError: it is not signed, not with that key, or has expired.
        ProtocolError: it is too large.
    """
    try:
        signed = msgspec.json.decode(data, type=_Signed)
    except (msgspec.DecodeError, ValueError, RecursionError):
        if len(data) > MAX_MESSAGE_BYTES:
            raise ProtocolError(f"message of {len(data)} characters; the limit is {MAX_MESSAGE_BYTES} bytes") from None
        raise SignatureError("it is not signed, and a signing key is set here") from None
    expected = _mac(key_of(signed.device_type), _covered(signed.body, signed.device_type, signed.expires))
    if not hmac.compare_digest(expected, signed.mac):
        raise SignatureError(
            f"it is not signed with the key of device type {signed.device_type!r}, which "
            f"`farm broker key --device {signed.device_type}` prints"
        )
    if now > signed.expires:
        raise SignatureError(
            f"it expired {now - signed.expires:.0f} s ago, by the clock of this machine: it lay for long, or the clock of one "
            "end is wrong"
        )
    return Opened(signed.body, signed.device_type, signed.expires)


def ahead_s(expires: int, now: float) -> float:
    """Seconds that the clock of a host is ahead of the receiver's, which says ``now``, by when its heartbeat expires."""
    return expires - CLOCK_MARGIN_S - now


def _covered(body: str, device_type: str, expires: int) -> str:
    return f"signed/1\0{device_type}\0{expires}\0{body}"


def _mac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
