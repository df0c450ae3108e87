"""What we put on Redis kombu reads, and the other way round."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu import Connection

from farm.broker.envelope import enveloped, opened
from farm.protocol import ProtocolError

TEXTS = st.text(max_size=200)
CHANNEL = Connection("memory://").channel()


def through_kombu(raw: bytes) -> object:
    """The body as a consumer of kombu's has it."""
    return CHANNEL.message_to_python(json.loads(raw)).decode()


@given(TEXTS)
def test_what_is_enveloped_is_read_by_kombu_and_by_us(text: str) -> None:
    raw = enveloped(text, "results")
    assert opened(raw) == text
    assert through_kombu(raw) == text
    assert json.loads(raw)["properties"]["delivery_info"] == {"exchange": "", "routing_key": "results"}


@given(TEXTS)
def test_what_kombu_publishes_is_read(text: str) -> None:
    queue = CHANNEL.connection.client.SimpleQueue("q", channel=CHANNEL)
    queue.put(text, serializer="json")
    assert opened(json.dumps(CHANNEL._get("q")).encode()) == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not even an envelope"),
        (b"[]", "not even an envelope"),
        (b"[" * 100_000, "not even an envelope"),
        (enveloped({"a": 1}, "q"), "not a text"),
        (enveloped("a", "q").replace(b"application/json", b"application/x-python"), "not JSON"),
        (enveloped("a", "q").replace(b"utf-8", b"utf-7"), "not JSON"),
        (enveloped("a", "q").replace(b'"body":"', b'"body":"*'), "not a text"),
    ],
    ids=["nothing", "a list", "too deep", "an object", "a pickle", "another encoding", "not base64"],
)
def test_anything_else_is_refused_in_one_line(raw: bytes, said: str) -> None:
    with pytest.raises(ProtocolError, match=said) as caught:
        opened(raw)
    assert "\n" not in str(caught.value)
