"""How it is said to each: a document that can be held against its signature, and a text that calls nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.errors import UsageError
from farm.inventory import NotificationsSection, TargetSection
from farm.notifications.targets import Target, load_targets, signature, unsigned
from farm.notifications.words import KEPT, text
from farm.states.notifications import Kind, Notification

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEALTH = Notification(
    "a" * 32,
    Kind.UNIT_HEALTH,
    "bench-3 of numpy",
    {"old": "good", "new": "bad", "change": "check failed", "reason": "<!channel> a & b", "actor": "coordinator"},
    AT,
)
FINISHED = Notification(
    "b" * 32,
    Kind.SUBMISSION_FINISHED,
    "3f2a5c7d9e",
    {
        "commit": "9c01d5b2aa77",
        "branch": "main",
        "conclusion": "a result is bad",
        "counts": {"numpy": {"SUPPORTED": 3, "FAILED": 1}},
        "url": "https://farm.example.org/table/9c01d5b2aa77",
    },
    AT,
)


def test_a_webhook_gets_all_of_it_signed() -> None:
    body, headers = Target("webhook", "https://x", frozenset(Kind), "secret").request(HEALTH, AT)
    assert json.loads(body) == {
        "schema": "farm-notification/1",
        "id": "a" * 32,
        "kind": "unit health changed",
        "subject": "bench-3 of numpy",
        "at": "2026-03-01T12:00:00+00:00",
        "detail": dict(HEALTH.detail),
    }
    assert headers["X-Farm-Notification"] == "a" * 32
    assert headers["X-Farm-Timestamp"] == str(int(AT.timestamp()))
    assert headers["X-Farm-Signature"] == signature("secret", headers["X-Farm-Timestamp"], body)
    assert "X-Farm-Signature" not in Target("webhook", "https://x", frozenset(Kind)).request(HEALTH, AT)[1]


def test_a_signature_is_of_secret_time_and_body() -> None:
    """The first as openssl has it: ``printf '1772366400.{}' | openssl dgst -sha256 -hmac secret``."""
    known = signature("secret", "1772366400", b"{}")
    assert known == "sha256=b0c2c5e288833b007355aa343b97fd4bb8f9825725b0961e7aaa0f867a720061"
    others = [("other", "1772366400", b"{}"), ("secret", "1772366401", b"{}"), ("secret", "1772366400", b"{ }")]
    assert known not in [signature(*other) for other in others]


def test_a_chat_gets_words() -> None:
    body, headers = Target("chat", "https://x", frozenset(Kind), None).request(HEALTH, AT)
    said = "unit bench-3 of numpy: good → bad (check failed by coordinator: &lt;!channel&gt; a &amp; b)"
    assert json.loads(body) == {"text": said}
    assert set(headers) == {"Content-Type"}


def test_the_words() -> None:
    assert text(FINISHED).splitlines() == [
        "submission 3f2a5c7d, 9c01d5b2aa of main, is finished: a result is bad",
        "numpy: 1 FAILED, 3 SUPPORTED",
        "https://farm.example.org/table/9c01d5b2aa77",
    ]
    detail = {
        "architecture": "network:net",
        "device": "numpy",
        "commit": "9c01d5b2aa77",
        "reason": "3 attempts were lost",
    }
    assert text(Notification("c", Kind.JOB_QUARANTINED, "17", detail, AT)).splitlines() == [
        "job 17, network:net on numpy at 9c01d5b2aa, is in quarantine: 3 attempts were lost",
        "`farm jobs release 17` tries it again",
    ]


@settings(max_examples=30)
@given(st.text(max_size=40), st.dictionaries(st.text(max_size=9), st.text() | st.integers() | st.lists(st.integers())))
def test_a_kind_without_words_of_its_own_is_said_too(kind: str, detail: dict[str, Any]) -> None:
    said = text(Notification("d", f"new {kind}", "subject", detail, AT))
    assert said.startswith(f"new {kind}: subject"[:KEPT])
    assert len(said) <= KEPT


def test_targets_are_those_that_have_a_url(tmp_path: Path) -> None:
    section = NotificationsSection(chat=TargetSection(kinds=(Kind.UNIT_HEALTH,)))
    assert load_targets(section, {}) == ()
    (tmp_path / "chat").write_text("https://hooks.example.org/services/T/B/secret\n")
    environment = {
        "FARM_WEBHOOK_URL": "https://ci.example.org/farm",
        "FARM_WEBHOOK_SECRET": "hunter2",
        "FARM_CHAT_URL_FILE": str(tmp_path / "chat"),
    }
    webhook, chat = load_targets(section, environment)
    assert (webhook.name, webhook.secret, webhook.kinds) == ("webhook", "hunter2", frozenset(Kind))
    assert (chat.name, chat.secret, chat.kinds) == ("chat", None, {"unit health changed"})
    assert "secret" not in repr(chat)
    assert "hunter2" not in repr(webhook)
    assert unsigned(webhook) == unsigned(chat) == ""
    (bare,) = load_targets(section, {"FARM_WEBHOOK_URL": "https://ci.example.org/farm"})
    assert "not signed" in unsigned(bare)


@pytest.mark.parametrize("name", ["FARM_WEBHOOK_URL", "FARM_CHAT_URL"])
def test_a_url_that_is_none_is_refused_without_saying_it(name: str) -> None:
    with pytest.raises(UsageError, match=name) as caught:
        load_targets(NotificationsSection(), {name: "gopher://secret"})
    assert "secret" not in str(caught.value)
