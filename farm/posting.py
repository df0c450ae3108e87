"""Posting to a URL: one request, bounded in time, that follows no redirection. No error and no log says the URL."""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from farm.errors import UsageError


class PostError(Exception):
    """Nobody answered; says why, in a few words without the URL: some URLs are secrets."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, and for how long the other side wants to be left alone."""

    status: int
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_change(self) -> bool:
        """Whether the same request may be taken later."""
        return self.status >= 500 or self.status in (408, 425, 429)


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """What is posted, and the credential with it, is for one place."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirection)


def checked_url(name: str, url: str) -> str:
    """``url``, the value of the setting ``name``; raises :class:`UsageError` where it is none to post to."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or any(c <= " " or c > "~" for c in url):
        raise UsageError(f"{name} is no http or https URL")
    if "@" in parts.netloc:
        raise UsageError(f"{name} has a user or a password in it: leave them out, the token is a setting of its own")
    return url


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Post ``body``; no part of the connection may be silent for longer than ``timeout_s``.

    Raises:
        PostError: there was no answer.
    """
    request = urllib.request.Request(  # noqa: S310  # checked_url allows nothing but http
        url, data=body, headers={"User-Agent": "device-farm", **headers}, method="POST"
    )
    try:
        with _OPENER.open(request, timeout=timeout_s) as answer:
            return Answer(answer.status)
    except HTTPError as error:
        with error:
            return Answer(error.code, _seconds(error.headers.get("Retry-After")))
    except (OSError, http.client.HTTPException) as error:
        raise PostError(_why(error, timeout_s)) from None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None


def _why(error: BaseException, timeout_s: float) -> str:
    reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, BaseException) else error
    if isinstance(reason, TimeoutError):
        return f"no answer in {timeout_s:g} s"
    if isinstance(reason, ssl.SSLError):
        return f"TLS: {reason.reason or 'failed'}"
    if isinstance(reason, http.client.HTTPException):
        return "the connection broke off"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror[:1].lower() + reason.strerror[1:]
    return type(reason).__name__
