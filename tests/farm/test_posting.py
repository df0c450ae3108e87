"""One request: what is an answer, what is none, and that neither says the URL."""

from __future__ import annotations

import socket
import threading

import pytest

from farm.errors import UsageError
from farm.posting import Answer, PostError, checked_url, post
from tests.farm.servers import Recorder


def test_what_is_posted_arrives_as_it_is() -> None:
    with Recorder(204) as server:
        assert post(f"{server.url}/a?b=c", b"\x00body", {"X-Own": "1"}, 5.0) == Answer(204)
    (posted,) = server.taken
    assert (posted.path, posted.body, posted.headers["x-own"]) == ("/a?b=c", b"\x00body", "1")


@pytest.mark.parametrize(
    ("status", "taken", "may_change"),
    [(200, True, False), (302, False, False), (410, False, False), (429, False, True), (503, False, True)],
)
def test_an_answer(status: int, taken: bool, may_change: bool) -> None:
    with Recorder(status, headers={"Retry-After": "3", "Location": "http://127.0.0.1:1/"}) as server:
        answer = post(server.url, b"", {}, 5.0)
        assert len(server.asked) == 1  # no redirection is followed
    assert (answer.status, answer.taken, answer.may_change) == (status, taken, may_change)
    assert answer.retry_after_s == (None if taken else 3.0)


@pytest.mark.parametrize("text", ["soon", "-1", "1e9", "²", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 30])
def test_a_pause_that_is_no_number_of_seconds_is_none(text: str) -> None:
    with Recorder(503, headers={"Retry-After": text}) as server:
        assert post(server.url, b"", {}, 5.0).retry_after_s is None


def test_a_silent_server_is_given_up() -> None:
    with Recorder(0.3) as server, pytest.raises(PostError, match=r"^no answer in 0.1 s$"):
        post(server.url, b"", {}, 0.1)


def test_nobody_there() -> None:
    with pytest.raises(PostError, match=r"^connection refused$"):
        post("http://127.0.0.1:1/secret", b"", {}, 5.0)
    with pytest.raises(PostError) as caught:
        post("http://no-such-host.invalid/secret", b"", {}, 5.0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("said", [b"", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(PostError, match="broke off"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/secret", b"", {}, 5.0)
        thread.join()


def test_a_server_without_tls_is_said_as_such() -> None:
    with Recorder() as server, pytest.raises(PostError, match="TLS"):
        post(server.url.replace("http", "https"), b"", {}, 5.0)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x/y", "file:///etc/passwd", "//x/y", "http:///x", "http://x:port/", "http://x/\n", "http://x/ é"],
)
def test_what_is_no_url_to_post_to(url: str) -> None:
    with pytest.raises(UsageError, match=r"^FARM_X is no http or https URL$"):
        checked_url("FARM_X", url)


def test_a_password_in_a_url_is_refused_without_saying_it() -> None:
    with pytest.raises(UsageError) as caught:
        checked_url("FARM_X", "https://ada:hunter2@x/")
    assert "hunter2" not in str(caught.value)
    assert checked_url("FARM_X", "https://x:8443/a/b") == "https://x:8443/a/b"
