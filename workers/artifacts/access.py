"""How remote stores are reached: time limits, retries, and keys, which come from the environment or a file."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workers.artifacts.store import shown

READ_S, RETRY_S = 15, 45
#: The longest that a store lets one wait for the next byte: the tries of its client, and the wait for the last of them.
STALL_S = READ_S + RETRY_S
#: A transfer of any length is fine as long as it moves. A host must learn that the store is away long before its lease ends.
CLIENT: dict[str, Any] = {"connect_timeout": "5s", "read_timeout": f"{READ_S}s", "timeout": "1h", "allow_http": True}
RETRIES: dict[str, Any] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=RETRY_S),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_KEYS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}


def client_options(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Options of the HTTP client; ``SSL_CERT_FILE`` names a PEM file of authorities to trust besides the system's.

    Raises:
        ValueError: that file cannot be read.
    """
    env = os.environ if environment is None else environment
    path = env.get("SSL_CERT_FILE")
    return {**CLIENT, "root_certificate": _text("SSL_CERT_FILE", path)} if path else dict(CLIENT)


def s3_config(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Keys from the file that ``AWS_SHARED_CREDENTIALS_FILE`` names, of the profile ``AWS_PROFILE`` (default: ``default``).

    Without that variable there are none: then the library takes the ``AWS_*`` variables themselves.

    Raises:
        ValueError: the file cannot be read, or has no keys for the profile; nothing of it is quoted.
    """
    env = os.environ if environment is None else environment
    path, profile = env.get("AWS_SHARED_CREDENTIALS_FILE"), env.get("AWS_PROFILE") or "default"
    if not path:
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text("AWS_SHARED_CREDENTIALS_FILE", path))
        found = {ours: parser[profile][theirs] for theirs, ours in _KEYS.items() if theirs in parser[profile]}
    except configparser.Error:
        raise ValueError(f"AWS_SHARED_CREDENTIALS_FILE: {path} is not a file of credentials") from None
    except KeyError:
        found = {}
    if not {"access_key_id", "secret_access_key"} <= set(found):
        raise ValueError(f"AWS_SHARED_CREDENTIALS_FILE: {path} has no keys for profile {profile!r}")
    return found


def check_url(url: str) -> None:
    """Raise ``ValueError`` for a URL that holds what it should not."""
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError(f"{shown(url)} is followed by a query or a fragment, which a store's URL cannot have")
    if parts.scheme == "s3" and parts.username is not None:
        raise ValueError(f"{shown(url)} holds an account: keys of S3 belong into AWS_* variables or a file")


def secrets_of(url: str, config: Mapping[str, str], environment: Mapping[str, str] | None = None) -> list[str]:
    """What must not appear in any message."""
    env = os.environ if environment is None else environment
    named = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    parts = urlsplit(url)
    account = f"{parts.username}:{parts.password}" if parts.password else None
    found = [*config.values(), *(env.get(name) for name in named), account, parts.password]
    return sorted({value for value in found if value}, key=len, reverse=True)


def _text(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{name}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name}: {path} is not a UTF-8 text") from None
