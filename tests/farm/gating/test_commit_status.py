"""Posting a commit's status to a real server that refuses, is silent, or breaks down first; and what is said where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from farm.errors import UsageError
from farm.gating import commit_status
from farm.gating.commit_status import DESCRIPTION_KEPT, LONGEST_PAUSE_S, TRIES, Forge, State, StatusPoster, forge_of
from tests.farm.servers import Recorder

SHA = "a" * 40
TOKEN = "token-of-the-forge"


class Forges:
    """A poster with a server of its own, and what it said and slept."""

    def __init__(self, url: str) -> None:
        self.said: list[str] = []
        self.slept: list[float] = []
        self.poster = StatusPoster(url, TOKEN, self.said.append, self.slept.append)

    def post(self, state: State = State.PENDING, description: str = "the farm tests it") -> bool:
        return self.poster.post(SHA, state, description, "https://farm.example.org")


def test_github_is_told_in_its_words() -> None:
    with Recorder() as server:
        assert Forges(f"{server.url}/api/v3/repos/ada/nets").post(State.ERROR)
    (posted,) = server.taken
    assert posted.path == f"/api/v3/repos/ada/nets/statuses/{SHA}"
    assert posted.headers["authorization"] == f"Bearer {TOKEN}"
    assert posted.document == {
        "state": "error",
        "context": "farm/gate",
        "description": "the farm tests it",
        "target_url": "https://farm.example.org",
    }


@pytest.mark.parametrize(
    ("state", "told"),
    [(State.PENDING, "pending"), (State.SUCCESS, "success"), (State.FAILURE, "failed"), (State.ERROR, "failed")],
)
def test_gitlab_is_told_in_its_words(state: State, told: str) -> None:
    with Recorder() as server:
        assert Forges(f"{server.url}/api/v4/projects/group%2Fnets").post(state)
    (posted,) = server.taken
    assert posted.path == f"/api/v4/projects/group%2Fnets/statuses/{SHA}"
    assert (posted.headers["private-token"], posted.document["state"]) == (TOKEN, told)


def test_a_server_that_breaks_down_first_is_asked_again() -> None:
    with Recorder(500, 503, 429) as server:
        forges = Forges(f"{server.url}/repos/ada/nets")
        assert forges.post()
    assert (len(server.asked), len(server.taken), forges.said) == (4, 1, [])
    assert forges.slept == [1.0, 2.0, 4.0]


def test_a_server_that_wants_a_pause_gets_it_within_reason() -> None:
    with Recorder(429, headers={"Retry-After": "7"}) as server:
        patient = Forges(f"{server.url}/repos/ada/nets")
        assert patient.post()
        server.answers.append(503)
        server.headers = {"Retry-After": "86400"}
        assert patient.post()
    assert patient.slept == [7.0, LONGEST_PAUSE_S]


def test_a_silent_server_is_given_up_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_status, "TIMEOUT_S", 0.1)
    with Recorder(0.3) as server:
        assert Forges(f"{server.url}/repos/ada/nets").post()
    assert (len(server.asked), len(server.taken)) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (401, "GitHub answers 401: the token is not good"),
        (403, "GitHub answers 403: the token may not post statuses"),
        (404, "GitHub answers 404: no such commit there"),
        (302, "GitHub answers 302"),
        (422, "GitHub answers 422"),
    ],
)
def test_a_refusal_is_said_at_once(answer: int, told: str) -> None:
    with Recorder(answer, headers={"Location": "http://127.0.0.1:1/elsewhere"}) as server:
        forges = Forges(f"{server.url}/repos/ada/nets")
        assert not forges.post(State.SUCCESS)
    (said,) = forges.said
    assert said.startswith(f"farm: the commit status success could not be posted ({told}")
    assert (len(server.asked), forges.slept) == (1, [])


def test_nobody_there_is_said_after_some_tries_without_the_token() -> None:
    forges = Forges("http://127.0.0.1:1/repos/ada/nets")
    assert not forges.post()
    (said,) = forges.said
    assert "could not be posted (connection refused)" in said
    assert TOKEN not in said + repr(forges.poster)
    assert len(forges.slept) == TRIES - 1


def test_a_long_description_is_cut_to_what_is_taken() -> None:
    with Recorder() as server:
        Forges(f"{server.url}/repos/ada/nets").post(description="x " * 200)
    assert len(server.taken[0].document["description"]) == DESCRIPTION_KEPT


def test_whose_api_it_is() -> None:
    assert forge_of("https://api.github.com/repos/ada/nets") is Forge.GITHUB
    assert forge_of("https://ghe.example.org/api/v3/repos/ada/nets/") is Forge.GITHUB
    assert forge_of("https://gitlab.example.org/api/v4/projects/12") is Forge.GITLAB
    for url in (
        "https://github.com/ada/nets",
        "https://api.github.com/repos/ada",
        "https://gitlab.example.org/projects",
    ):
        with pytest.raises(UsageError, match="no repository of an API"):
            forge_of(url)


def load(url: str | None, **environment: Any) -> StatusPoster | None:
    return StatusPoster.load(url, lambda _: None, environment)


def test_settings_come_from_the_option_the_environment_and_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    url = "https://api.github.com/repos/ada/nets"
    assert load(None, FARM_STATUS_TOKEN=TOKEN) is None
    made = load(None, FARM_STATUS_URL=f"{url}/", FARM_STATUS_TOKEN_FILE=str(tmp_path / "token"))
    assert made is not None
    assert (made.url, made.token) == (url, TOKEN)
    other = load("https://gitlab.example.org/api/v4/projects/12", FARM_STATUS_URL=url, FARM_STATUS_TOKEN=TOKEN)
    assert other is not None
    assert "gitlab" in other.url


@pytest.mark.parametrize(
    ("url", "token", "told"),
    [
        ("https://api.github.com/repos/ada/nets", None, "FARM_STATUS_TOKEN is not set"),
        ("https://api.github.com/repos/ada/nets", "a\nb: c", "no token"),
        ("https://api.github.com/ada", TOKEN, "no repository of an API"),
        ("ftp://api.github.com/repos/ada/nets", TOKEN, "no http or https URL"),
        ("https://ada:hunter2@api.github.com/repos/ada/nets", TOKEN, "a user or a password in it"),
    ],
)
def test_what_is_set_wrongly_is_said_without_a_secret(url: str, token: str | None, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        load(url, **({"FARM_STATUS_TOKEN": token} if token else {}))
    assert TOKEN not in str(caught.value)
    assert "hunter2" not in str(caught.value)
