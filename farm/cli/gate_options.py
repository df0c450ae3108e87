"""The options by which a commit is judged (``farm submit`` and ``farm gate`` have them), and the reports that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from farm.cli.context import say

if TYPE_CHECKING:
    from farm.gating.commit_status import StatusPoster
    from farm.gating.judgement import FailOn, Gate
    from farm.gating.links import PageLinks
    from farm.git import Repository

REGRESSION, FAILURE, NEVER = "regression", "failure", "never"


def gate_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--fail-on``, ``--base``, ``--markdown``, ``--junit`` and ``--status-url``."""
    report = click.Path(dir_okay=False, path_type=Path)

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option(
                "--status-url",
                metavar="URL",
                help="Post the commit's status to this repository of GitHub's or GitLab's API (default: FARM_STATUS_URL).",
            ),
            click.option("--junit", type=report, metavar="FILE", help="Write what was judged as JUnit XML."),
            click.option("--markdown", type=report, metavar="FILE", help="Write it as Markdown for a pull request."),
            click.option(
                "--base",
                metavar="REV",
                help="Compare with the commit where REV and this one part (default: what was submitted as changed since).",
            ),
            click.option(
                "--fail-on",
                type=click.Choice([REGRESSION, FAILURE, NEVER]),
                default=default,
                show_default=True,
                help="What exit code 1 stands for: what works at the base and does not here, any failure, nothing.",
            ),
        ):
            command = option(command)
        return command

    return decorated


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options ask for.

    Raises:
        UsageError: a report has no folder to go into.
    """

    fail_on: str
    base: str | None
    markdown: Path | None
    junit: Path | None
    status_url: str | None

    def __post_init__(self) -> None:
        from farm.errors import UsageError

        for path in filter(None, (self.markdown, self.junit)):  # now, and not after an hour of waiting
            if not path.absolute().parent.is_dir():
                raise UsageError(f"{path}: there is no such folder to write a report into")

    @property
    def judges(self) -> bool:
        """Whether more is asked for than an exit code by the results of one commit."""
        return self.fail_on != FAILURE or any((self.base, self.markdown, self.junit, self.status_url))

    def since(
        self, repository: Repository, changed_since: str | None, commit: str | None
    ) -> tuple[str | None, str | None]:
        """The revision to select by and the commit to compare with, before anything is submitted.

        What is judged is selected from where the revision and the commit part: what the revision got meanwhile is no matter
        of the commit.

        Raises:
            UsageError: a comparison is asked for, and nothing says with what.
        """
        from farm.errors import UsageError
        from farm.gating.reading import find_base

        revision = changed_since if self.base is None else self.base
        if not self.judges or revision is None:
            if self.fail_on == REGRESSION:
                raise UsageError("--fail-on regression compares with a base: say --changed-since REV, or --base REV")
            return changed_since, None
        sha = repository.resolve("HEAD" if commit is None else commit)
        dirty = commit is None and bool(repository.dirty())
        base = find_base(repository, revision, sha, dirty=dirty)
        return (base if self.base is None else changed_since), base

    @property
    def fails_on(self) -> FailOn:
        from farm.gating.judgement import FailOn

        return FailOn(self.fail_on)

    def write(self, gate: Gate) -> None:
        """Write the reports.

        Raises:
            InfrastructureError: one cannot be written.
        """
        from farm.cli.gate_reports import as_markdown
        from farm.clock import utc_now
        from farm.gating.junit import as_junit

        if self.markdown:
            _write(self.markdown, as_markdown(gate, self.fails_on, page_links()))
        if self.junit:
            _write(self.junit, as_junit(gate, utc_now()))


def _write(path: Path, text: str) -> None:
    from farm.errors import InfrastructureError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be written: {error.strerror}") from None


def page_links() -> PageLinks:
    """Links to the farm's pages, where ``FARM_PAGES_URL`` says where they are."""
    from farm.gating.links import PageLinks
    from farm.settings import from_environment

    return PageLinks(from_environment("FARM_PAGES_URL"))


class Status:
    """The commit's status while a command runs; without a poster, nothing is posted."""

    def __init__(self, poster: StatusPoster | None, fail_on: FailOn) -> None:
        self._poster, self._fail_on = poster, fail_on
        self._commit: str | None = None

    @property
    def posts(self) -> bool:
        """Whether anybody wants to know."""
        return self._poster is not None

    def begin(self, commit: str) -> None:
        """The commit waits for its results."""
        from farm.gating.commit_status import State

        self._commit = commit
        if poster := self._poster_of(commit):
            poster.post(commit, State.PENDING, "the farm tests it")

    def conclude(self, gate: Gate) -> None:
        """The commit has been judged."""
        from farm.errors import ExitCode
        from farm.gating.commit_status import State
        from farm.gating.words import conclusion, counted

        self._commit = None
        ends = {ExitCode.GOOD: State.SUCCESS, ExitCode.BAD_RESULT: State.FAILURE}
        if poster := self._poster_of(gate.commit):
            state = ends.get(gate.exit_code(self._fail_on), State.ERROR)
            said = f"{conclusion(gate, self._fail_on)}: {counted(gate)}"
            poster.post(gate.commit, state, said, page_links().of_gate(gate))

    def break_off(self, why: str) -> None:
        """The command ends without a judgement."""
        from farm.gating.commit_status import State

        if self._poster and self._commit:
            self._poster.post(self._commit, State.ERROR, why, tries=1)  # somebody waits for the end

    def _poster_of(self, commit: str) -> StatusPoster | None:
        if self._poster and "+" in commit:
            say("farm: uncommitted changes have no commit status: none is posted")
            self._poster = None
        return self._poster


@contextmanager
def posted_status(asked: Asked) -> Iterator[Status]:
    """The status of the commit that is judged within.

    Raises:
        UsageError: the URL is not one of an API, or there is no token.
    """
    from farm.errors import WaitTimeoutError
    from farm.gating.commit_status import StatusPoster

    status = Status(StatusPoster.load(asked.status_url, say), asked.fails_on)
    try:
        yield status
    except WaitTimeoutError:
        status.break_off("not done in the time that was allowed")
        raise
    except BaseException:  # why, is for the log alone: whoever sees the commit sees its status
        status.break_off("the farm could not test it: see the log of the job")
        raise
