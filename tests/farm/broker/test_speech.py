"""What is spoken at an address: a real Redis, TLS before it, something else, nobody, and one who says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.broker import speech
from farm.broker.speech import Speech, speech_at
from tests.farm.real_hosts import Proxy
from tests.farm.servers import Recorder
from tests.farm.tls import Authority, TlsFront
from tests.servers import RedisServer, free_port

HERE = "127.0.0.1"


@pytest.mark.server
def test_a_redis_answers_and_before_it_may_be_tls_that_wants_a_certificate(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    assert speech_at(HERE, own_redis.port) is Speech.PLAIN
    with TlsFront(own_redis.port, Authority(tmp_path / "ours").server_context()) as front:
        assert speech_at("localhost", front.port) is Speech.TLS


@pytest.mark.server
def test_a_redis_that_wants_a_password_answers_too(own_redis: RedisServer, admin: object) -> None:
    admin.execute_command("CONFIG", "SET", "requirepass", "sesame")  # type: ignore[attr-defined]
    try:
        assert speech_at(HERE, own_redis.port) is Speech.PLAIN
    finally:
        admin.execute_command("CONFIG", "SET", "requirepass", "")  # type: ignore[attr-defined]


def test_what_is_no_redis_is_told_from_nobody() -> None:
    with Recorder() as web:
        assert speech_at(HERE, int(web.url.rpartition(":")[2])) is Speech.OTHER
    assert speech_at(HERE, free_port()) is Speech.UNKNOWN


def test_whoever_takes_the_connection_and_says_nothing_may_be_a_broker_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "ANSWER_S", 0.2)
    with Proxy(free_port()) as silent:
        silent.dark = True
        assert speech_at(HERE, silent.port) is Speech.UNKNOWN
