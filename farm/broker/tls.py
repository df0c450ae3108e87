"""Reaching the broker through TLS: ``rediss://``, whose CA must be the one that is set, and a certificate of one's own.

=========================  =======================================================================================
``FARM_BROKER_CA``         file with the certificates of the CAs that may sign the broker's; default: the system's
``FARM_BROKER_CERT``       file with the certificate that the broker is shown, where it wants one
``FARM_BROKER_CERT_KEY``   file with its key
=========================  =======================================================================================

The broker's certificate must hold its name as the URL has it. There is no setting that turns this off.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from farm.broker.speech import Speech, speech_at
from farm.errors import InfrastructureError, UsageError
from farm.settings import redacted

SCHEME, PLAIN_SCHEME = "rediss://", "redis://"
CA, CERTIFICATE, KEY = "FARM_BROKER_CA", "FARM_BROKER_CERT", "FARM_BROKER_CERT_KEY"
CONNECT_S = 5.0
#: A broker that does not want our certificate says so within this time.
REFUSED_S = 0.5


def tls_options(url: str | None, environment: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """What Redis' client and Celery want to know of TLS; ``None`` for a broker that is reached without.

    Celery's own parameters in the URL are refused: ``ssl_cert_reqs=none`` would believe every broker, and so would
    Celery by itself, for a URL without any.

    Raises:
        UsageError: a file cannot be used, a key is missing, or files are set for a URL that is not ``rediss://``.
    """
    env = os.environ if environment is None else environment
    if url is None:
        return None
    given = {name: env.get(name) or None for name in (CA, CERTIFICATE, KEY)}
    if not url.startswith(SCHEME):
        if any(given.values()):
            name = next(name for name, value in given.items() if value)
            raise UsageError(f"{name} is set, but {redacted(url)} does without TLS: write {SCHEME}...")
        return None
    if any(name.startswith("ssl_") for name, _ in parse_qsl(urlsplit(url).query)):
        raise UsageError(f"FARM_BROKER_URL {redacted(url)}: what TLS must be is said by {CA}, {CERTIFICATE} and {KEY}")
    ca, certificate, key = given.values()
    if bool(certificate) != bool(key):
        raise UsageError(f"{CERTIFICATE} and {KEY} go together: one is set, the other is not")
    _context(ca, certificate, key)
    return {
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
        "ssl_check_hostname": True,
        "ssl_ca_certs": ca,
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
    }


def broker_client(url: str) -> Any:
    """A ``redis.Redis`` for a few questions, which gives up on a broker that is away after seconds."""
    import redis

    return redis.Redis.from_url(
        url, socket_connect_timeout=CONNECT_S, socket_timeout=CONNECT_S, **(tls_options(url) or {})
    )


def check_tls(url: str) -> None:
    """Raise :class:`~farm.errors.InfrastructureError` for a broker that is there but speaks otherwise than the URL says, is not
    trusted, or does not trust us.

    Waiting would mend none of these. A broker that is away is no error: it may come.
    """
    options = tls_options(url)
    if options is None and not url.startswith(PLAIN_SCHEME):
        return
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or 6379
    if options is None:
        _check_speech(url, speech_at(host, port), Speech.PLAIN)
        return
    try:
        _shake_hands(host, port, options)
    except ssl.SSLCertVerificationError as error:
        raise InfrastructureError(
            f"the certificate of the broker at {redacted(url)} is not good: {error.verify_message.rstrip('.')}; "
            f"{CA} names the CA that must have signed it"
        ) from None
    except OSError as error:
        _check_speech(url, speech_at(host, port), Speech.TLS)
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            raise InfrastructureError(
                f"the broker at {redacted(url)} refuses this machine: {error.reason}; "
                f"{CERTIFICATE} names the certificate that it is shown"
            ) from None


def _check_speech(url: str, found: Speech, wanted: Speech) -> None:
    if found in (wanted, Speech.UNKNOWN):
        return
    what = {
        Speech.PLAIN: f"does without TLS at this port: write {PLAIN_SCHEME}..., or the port that it speaks TLS at",
        Speech.TLS: f"speaks TLS at this port: write {SCHEME}..., and {CA} for the CA that signed its certificate",
        Speech.OTHER: "is no Redis: correct host and port in FARM_BROKER_URL",
    }
    raise InfrastructureError(f"the broker at {redacted(url)} {what[found]}")


def _shake_hands(host: str, port: int, options: Mapping[str, Any]) -> None:
    context = _context(options["ssl_ca_certs"], options["ssl_certfile"], options["ssl_keyfile"])
    with (
        socket.create_connection((host, port), CONNECT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        # Whether our certificate is good is said after the handshake; and Redis says nothing unless it is asked.
        connection.settimeout(REFUSED_S)
        with contextlib.suppress(TimeoutError):
            connection.recv(1)


def _context(ca: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise UsageError(f"{CA}: {ca} cannot be used: {_reason(error)}") from None
    try:
        if certificate:
            context.load_cert_chain(certificate, key)
    except OSError as error:
        raise UsageError(f"{CERTIFICATE} {certificate}, {KEY} {key}: cannot be used: {_reason(error)}") from None
    return context


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not in PEM form, or not of one another ({error.reason or 'nothing in it'})"
    return error.strerror or str(error)
