"""Who is told, and how it is said to each: a webhook gets a signed document, a chat a text.

=======================  ====================================================================================
``FARM_WEBHOOK_URL``     is posted every notification as ``farm-notification/1``
``FARM_WEBHOOK_SECRET``  what the posts are signed with: ``X-Farm-Signature: sha256=`` and the HMAC, in hex, of
                         ``X-Farm-Timestamp``, a full stop and the body
``FARM_CHAT_URL``        an incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat ...)
=======================  ====================================================================================

Each can be given by file (``FARM_CHAT_URL_FILE``): whoever has a chat's URL can write there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from farm.inventory import NotificationsSection
from farm.notifications.words import text
from farm.posting import checked_url
from farm.settings import from_environment
from farm.states.notifications import Notification

WEBHOOK, CHAT = "webhook", "chat"
SCHEMA = "farm-notification/1"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who is told of some kinds; the URL of a chat is a secret too."""

    name: str
    url: str = field(repr=False)
    kinds: frozenset[str]
    secret: str | None = field(default=None, repr=False)

    def request(self, said: Notification, now: datetime) -> tuple[bytes, dict[str, str]]:
        """Body and headers of what is posted ``now``."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if self.name == CHAT:
            return json.dumps({"text": _for_chat(text(said))}).encode(), headers
        body = json.dumps({"schema": SCHEMA, **said.document()}, default=str).encode()
        headers |= {"X-Farm-Notification": said.id, "X-Farm-Timestamp": str(int(now.timestamp()))}
        if self.secret is not None:
            headers["X-Farm-Signature"] = signature(self.secret, headers["X-Farm-Timestamp"], body)
        return body, headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver holds ``X-Farm-Signature`` against, by :func:`hmac.compare_digest`."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def load_targets(section: NotificationsSection, environment: Mapping[str, str] | None = None) -> tuple[Target, ...]:
    """Those that have a URL; raises :class:`~farm.errors.UsageError` where one is none."""
    found = []
    for name, kinds in ((WEBHOOK, section.webhook.kinds), (CHAT, section.chat.kinds)):
        variable = f"FARM_{name.upper()}_URL"
        if url := from_environment(variable, environment):
            secret = from_environment("FARM_WEBHOOK_SECRET", environment) if name == WEBHOOK else None
            found.append(Target(name, checked_url(variable, url), frozenset(kinds), secret))
    return tuple(found)


def unsigned(target: Target) -> str:
    """What is to be said of a webhook that cannot know who posts to it."""
    return (
        "; FARM_WEBHOOK_SECRET is not set: posts are not signed" if target.name == WEBHOOK and not target.secret else ""
    )


def _for_chat(said: str) -> str:
    """Without what Slack takes for a link or a call (Slack API, "Formatting text": escape ``&``, ``<`` and ``>``)."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
