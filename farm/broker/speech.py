"""What is spoken at the address of a broker. A host that asks in another way waits for ever, as for a broker that is away."""

from __future__ import annotations

import contextlib
import socket
import ssl
from enum import Enum, auto

#: What a Redis without TLS answers at once, whoever asks, and what begins its answers to those who may ask nothing.
_PING, _ANSWERS = b"PING\r\n", (b"+", b"-")
#: How a server of TLS begins what it has to say of a question that is none.
_ALERT = b"\x15\x03"
ANSWER_S = 2.0


class Speech(Enum):
    """What is spoken there."""

    PLAIN = auto()
    TLS = auto()
    #: Something answers, and it is no Redis.
    OTHER = auto()
    #: Nobody answers, or nobody that can be understood: it may come.
    UNKNOWN = auto()


def speech_at(host: str, port: int) -> Speech:
    """Ask at an address without TLS, and with it where nothing comes back."""
    try:
        with socket.create_connection((host, port), ANSWER_S) as plain:
            plain.settimeout(ANSWER_S)
            answer = b""
            with contextlib.suppress(ConnectionError):
                plain.sendall(_PING)
                answer = plain.recv(64)
            if answer and not answer.startswith(_ALERT):
                return Speech.PLAIN if answer.startswith(_ANSWERS) else Speech.OTHER
        return Speech.TLS if _shakes_hands(host, port) else Speech.UNKNOWN
    except OSError:
        return Speech.UNKNOWN


def _shakes_hands(host: str, port: int) -> bool:
    """Whether a server of TLS is there, whoever it is: nothing is said to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), ANSWER_S) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # as of one who wants to see a certificate
