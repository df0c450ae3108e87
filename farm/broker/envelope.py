"""Messages as they lie on Redis: the envelopes of kombu, which Celery's workers read, made and opened without its channels.

Importable without torch and without SQL. A channel of kombu's takes a round trip, and some tenths of a millisecond, for each
message; an envelope that is made here is pushed beside others.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from farm.protocol import ProtocolError

_JSON, _UTF8, _BASE64 = "application/json", "utf-8", "base64"
#: What kombu calls persistent. Redis knows no difference.
_DELIVERY_MODE = 2


class _Properties(msgspec.Struct, frozen=True):
    body_encoding: str | None = None


class _Envelope(msgspec.Struct, frozen=True):
    body: str
    properties: _Properties
    content_type: str = msgspec.field(name="content-type")
    content_encoding: str = msgspec.field(name="content-encoding")


def enveloped(
    body: object,
    queue: str,
    headers: Mapping[str, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
) -> bytes:
    """A message for ``queue`` with ``body``, which JSON can say."""
    return msgspec.json.encode(
        {
            "body": base64.b64encode(msgspec.json.encode(body)).decode(),
            "content-encoding": _UTF8,
            "content-type": _JSON,
            "headers": headers or {},
            "properties": {
                **(properties or {}),
                "delivery_mode": _DELIVERY_MODE,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": _BASE64,
                "delivery_tag": uuid.uuid4().hex,
            },
        }
    )


def opened(raw: bytes) -> str:
    """The text that a message carries.

    Raises:
        ProtocolError: it is no envelope, or carries something else than a text in JSON.
    """
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"not even an envelope: {error}") from None
    if envelope.content_type != _JSON or envelope.content_encoding.lower() != _UTF8:
        raise ProtocolError(f"the body is not JSON: {envelope.content_type!r} in {envelope.content_encoding!r}")
    body: bytes | str = envelope.body
    try:
        if envelope.properties.body_encoding == _BASE64:
            body = base64.b64decode(envelope.body, validate=True)
        return msgspec.json.decode(body, type=str)
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        raise ProtocolError("the body is not a text") from None
