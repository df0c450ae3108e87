"""What stands before every page and the API: who may read, and what a browser may do with it.

There is no script on any page, and nothing that changes anything: the policy allows a browser no more than that needs.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
WANTED = "the farm's pages want their token: as the password of any user, or as `Authorization: Bearer TOKEN`"
#: Git and PostgreSQL take none.
NO_NUL = "a NUL is part of no name"
ERROR_SCHEMA = "farm-error/1"


class Guard:
    """Adds the headers to every answer, that to a mistake too, and where there is a token, answers nobody who does not have it.

    Args:
        app: what answers.
        token: the value of ``FARM_PAGES_TOKEN``.
        failure: the answer where ``app`` raises.
    """

    def __init__(self, app: ASGIApp, token: str | None, failure: Callable[[Request, Exception], Response]) -> None:
        self._app, self._failure = app, failure
        self._token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        if self._token is not None and not self._may(Headers(scope=scope)):
            await _refusal(scope["path"], HTTPStatus.UNAUTHORIZED, WANTED)(scope, receive, send_with_headers)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            refused = _refusal(scope["path"], HTTPStatus.UNPROCESSABLE_ENTITY, NO_NUL)
            await refused(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if begun:
                raise
            await self._failure(Request(scope), error)(scope, receive, send_with_headers)

    def _may(self, headers: Headers) -> bool:
        assert self._token is not None
        given = _given(headers.get("authorization", ""))
        return given is not None and hmac.compare_digest(given, self._token)


def _given(authorization: str) -> bytes | None:
    """The token in the header: the whole of ``Bearer``, the password of ``Basic``."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("latin-1")  # the bytes that were sent
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return None
    return None


def _refusal(path: str, status: HTTPStatus, why: str) -> Response:
    body, media_type = f"farm: {why}\n", "text/plain"
    if path.startswith("/api"):
        body, media_type = json.dumps({"schema": ERROR_SCHEMA, "status": int(status), "error": why}), "application/json"
    asks = {"WWW-Authenticate": 'Basic realm="farm", charset="UTF-8"'} if status is HTTPStatus.UNAUTHORIZED else {}
    return Response(body, status_code=status, headers=asks, media_type=media_type)
