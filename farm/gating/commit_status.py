"""The commit's status at GitHub or GitLab, by their APIs: pending, then what the gate came to.

A status that cannot be posted is said and changes nothing: the gate's verdict is its exit code.

Sources: GitHub REST API, "Create a commit status"; GitLab API, "Set commit pipeline status".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from farm.errors import UsageError
from farm.posting import PostError, checked_url, post
from farm.settings import from_environment

URL, TOKEN = "FARM_STATUS_URL", "FARM_STATUS_TOKEN"
#: Under this name a commit shows it; another one for a second farm.
CONTEXT = "farm/gate"
#: What GitHub takes of a description.
DESCRIPTION_KEPT = 140
TRIES, FIRST_PAUSE_S, LONGEST_PAUSE_S, TIMEOUT_S = 4, 1.0, 30.0, 10.0


class State(StrEnum):
    """What a commit's status says, in GitHub's words."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class Forge(StrEnum):
    """Whose API it is; Gitea and Forgejo have GitHub's."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"


#: GitLab knows no state between a failure and a success.
_GITLAB_STATES = {State.FAILURE: "failed", State.ERROR: "failed"}


@dataclass(frozen=True, slots=True)
class StatusPoster:
    """Posts the status of commits of one repository.

    Args:
        url: of the repository in the API: ``https://api.github.com/repos/OWNER/NAME`` or
            ``https://gitlab.example.org/api/v4/projects/ID``.
        token: may post statuses there.
        say: is told what could not be posted.
        sleep: pauses between tries, seconds.
    """

    url: str
    token: str = field(repr=False)
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def load(
        cls, url: str | None, say: Callable[[str], None], environment: Mapping[str, str] | None = None
    ) -> StatusPoster | None:
        """As an option or the environment say; ``None`` where nobody gives a URL.

        Raises:
            UsageError: it is no URL of a repository, or there is no token.
        """
        url = url or from_environment(URL, environment)
        if not url:
            return None
        forge_of(checked_url(URL, url))
        token = from_environment(TOKEN, environment)
        if not token:
            raise UsageError(f"{TOKEN} is not set: posting a status takes a token, by {TOKEN} or {TOKEN}_FILE")
        if not token.isascii() or not token.isprintable():
            raise UsageError(f"{TOKEN} is no token: it has characters that none has")
        return cls(url.rstrip("/"), token, say)

    def post(
        self, commit: str, state: State, description: str, target: str | None = None, *, tries: int = TRIES
    ) -> bool:
        """Post the status of a commit (a full id); whether it was taken."""
        forge = forge_of(self.url)
        body = json.dumps(_body(forge, state, description, target)).encode()
        why, pause_s = "", FIRST_PAUSE_S
        for n in range(1, tries + 1):
            try:
                answer = post(f"{self.url}/statuses/{commit}", body, self._headers(forge), TIMEOUT_S)
            except PostError as error:
                why, wanted_s = str(error), None
            else:
                if answer.taken:
                    return True
                why, wanted_s = f"{forge} answers {answer.status}{_hint(answer.status)}", answer.retry_after_s
                if not answer.may_change:
                    break
            if n < tries:
                self.sleep(min(max(pause_s, wanted_s or 0.0), LONGEST_PAUSE_S))
                pause_s *= 2
        self.say(f"farm: the commit status {state} could not be posted ({why}); the verdict stands all the same")
        return False

    def _headers(self, forge: Forge) -> dict[str, str]:
        common = {"Content-Type": "application/json"}
        if forge is Forge.GITLAB:
            return {**common, "PRIVATE-TOKEN": self.token}
        return {**common, "Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}


def forge_of(url: str) -> Forge:
    """Whose API a URL is of; raises :class:`UsageError` where it is neither's."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if "projects" in parts[:-1]:
        return Forge.GITLAB
    if len(parts) >= 3 and parts[-3] == "repos":
        return Forge.GITHUB
    raise UsageError(
        f"{URL} is no repository of an API: https://api.github.com/repos/OWNER/NAME, "
        "or https://gitlab.example.org/api/v4/projects/ID"
    )


def _body(forge: Forge, state: State, description: str, target: str | None) -> dict[str, str]:
    text = " ".join(description.split())
    body = {
        "state": state.value if forge is Forge.GITHUB else _GITLAB_STATES.get(state, state.value),
        "context": CONTEXT,
        "description": text if len(text) <= DESCRIPTION_KEPT else text[: DESCRIPTION_KEPT - 1] + "…",
    }
    return {**body, "target_url": target} if target else body


def _hint(status: int) -> str:
    return {
        401: ": the token is not good",
        403: ": the token may not post statuses",
        404: ": no such commit there, or the token may not see it",
    }.get(status, "")
