"""Git, read through its objects: commits, and the files of any of them, without a checkout.

Nothing here changes the repository.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from farm.source.blobs import BlobReader
from farm.source.errors import GitError, NotARepositoryError, UnknownRevisionError
from farm.source.gittree import GitTree, WorkingTree, content_key
from farm.source.tree import Unread

_STEPS = re.compile(r"(?P<base>.+?)(?P<steps>(?:[~^]\d*)+)")
# Reading a repository must not run its programs.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
_COMMIT = "%H%x00%P%x00%aI%x00%s"
#: Commits whose files are remembered: a plan asks for few, a walk back for many, each once.
_TREES = 4
#: By their modes, what git has besides files: its content is not source.
_UNREAD = {"120000": Unread.LINK, "160000": Unread.SUBMODULE}


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; the date is its author's, with the offset from UTC."""

    sha: str
    parents: tuple[str, ...]
    author_date: datetime
    subject: str


class Repository:
    """A git repository.

    Args:
        root: top folder of its files; of a bare repository, the folder of its objects.
        bare: it has no files on disk.
    """

    def __init__(self, root: Path, *, bare: bool = False) -> None:
        self.root, self.bare = root, bare
        self._trees: dict[str, GitTree] = {}

    @classmethod
    def find(cls, path: Path | str = ".") -> Repository:
        """The repository that ``path`` lies in; raises :class:`NotARepositoryError` where there is none."""
        start = Path(path).absolute()
        if not start.is_dir():
            raise NotARepositoryError(f"{start}: no such folder; name one inside a git repository")
        done = _git(start, "rev-parse", "--is-bare-repository", "--absolute-git-dir")
        if done.returncode:
            raise NotARepositoryError(_why_not(start, done.stderr))
        bare, _, folder = done.stdout.removesuffix(b"\n").partition(b"\n")
        if bare == b"true":
            return cls(Path(os.fsdecode(folder)), bare=True)
        done = _git(start, "rev-parse", "--show-toplevel")
        if done.returncode:
            raise NotARepositoryError(f"{start}: inside git's own folder; go to the repository's files")
        return cls(Path(os.fsdecode(done.stdout.removesuffix(b"\n"))))

    def resolve(self, revision: str) -> str:
        """Full id of the commit that a branch, tag, id or expression such as ``HEAD~1`` means.

        Raises:
            UnknownRevisionError: there is none; says why, and suggests near names.
        """
        if (sha := self._verify(revision)) is not None:
            return sha
        raise UnknownRevisionError(revision, *self._why_unknown(revision))

    def head(self) -> str:
        """Full id of the commit that is checked out; raises :class:`UnknownRevisionError` before the first commit."""
        return self.resolve("HEAD")

    def branch(self, revision: str | None = None) -> str | None:
        """Name of the branch whose newest commit ``revision`` names, as that branch; without one, of what is checked out.

        A remote's branch has the name that it has there. ``None`` for an id, a tag, an expression, a detached HEAD.
        """
        name = revision or "HEAD"
        if name.startswith("-"):
            return None
        done = _git(self.root, "rev-parse", "--symbolic-full-name", "--verify", "--quiet", name)
        reference = done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
        if reference.startswith("refs/heads/"):
            return reference.removeprefix("refs/heads/")
        if reference.startswith("refs/remotes/"):
            return reference.removeprefix("refs/remotes/").partition("/")[2] or None
        return None

    def commit_info(self, revision: str) -> Commit:
        """Date, subject and parents of a commit; raises :class:`UnknownRevisionError`."""
        return self._log(self.resolve(revision), "--no-walk")[0]

    def log(self, revision: str = "HEAD", paths: Sequence[str] = (), limit: int | None = None) -> tuple[Commit, ...]:
        """Commits on the first-parent line from ``revision`` back, newest first; with ``paths``, those that touch one."""
        options = ["--first-parent", *([f"--max-count={limit}"] if limit is not None else [])]
        return self._log(self.resolve(revision), *options, paths=paths)

    def ancestors(self, revision: str, limit: int) -> tuple[str, ...]:
        """Full ids of ``revision`` and its nearest ancestors on every line, newest first, ``limit`` at most."""
        listed = self._run("rev-list", "--topo-order", f"--max-count={limit}", self.resolve(revision))
        return tuple(listed.decode().split())

    def lineage(self, revisions: Sequence[str], limit: int) -> dict[str, tuple[str, ...]]:
        """Parents of commits and of their nearest ancestors on every line, by full id, ``limit`` at most; newest first.

        Full ids that the repository does not have are passed over. So are commits at which a shallow clone ends: what their
        parents are is not known there.
        """
        if not revisions:
            return {}
        options = ("--parents", "--topo-order", "--ignore-missing", f"--max-count={limit}")
        listed = [line.split() for line in self._run("rev-list", *options, *revisions, "--").decode().splitlines()]
        ends = self._shallow_ends()
        return {sha: tuple(parents) for sha, *parents in listed if sha not in ends}

    def merge_base(self, one: str, other: str) -> str | None:
        """Full id of the newest commit that both grew from; ``None`` where they share no history."""
        done = _git(self.root, "merge-base", self.resolve(one), self.resolve(other))
        if done.returncode > 1:
            raise _failed("merge-base", done.stderr)
        return done.stdout.decode().strip() or None

    def merge_bases(self, one: str, other: str) -> tuple[str, ...]:
        """Full ids of all newest commits that both grew from, more than one after merges crosswise; none without any."""
        done = _git(self.root, "merge-base", "--all", self.resolve(one), self.resolve(other))
        if done.returncode > 1:
            raise _failed("merge-base", done.stderr)
        return tuple(done.stdout.decode().split())

    def between(self, good: str, bad: str) -> tuple[Commit, ...]:
        """``bad`` and those of its ancestors that are none of ``good``'s, nor ``good`` itself; each after its parents."""
        return self._log(self.resolve(bad), "--topo-order", "--reverse", f"^{self.resolve(good)}")

    def tree(self, revision: str) -> GitTree:
        """The files of a commit; raises :class:`UnknownRevisionError`. Those of the commits asked for last are remembered."""
        sha = self.resolve(revision)
        tree = self._trees.pop(sha, None) or self._listed(sha)
        self._trees[sha] = tree
        for forgotten in list(self._trees)[:-_TREES]:
            self._trees.pop(forgotten, None)  # another thread may have been quicker
        return tree

    def dirty(self) -> tuple[str, ...]:
        """Paths of files on disk that differ from the commit that is checked out, the untracked but not ignored ones too.

        Raises:
            NotARepositoryError: the repository is bare.
        """
        if self.bare:
            raise NotARepositoryError(f"{self.root}: a bare repository has no files on disk; name a commit")
        options = ("--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
        lines = self._run("status", *options).split(b"\0")[:-1]
        return tuple(sorted(os.fsdecode(line[3:]) for line in lines))

    def working_tree(self) -> WorkingTree:
        """The files as they are on disk now.

        Raises:
            NotARepositoryError: the repository is bare.
            UnknownRevisionError: it has no commit yet.
        """
        base = self.tree("HEAD")
        paths = self.dirty()
        present = [p for p in paths if (self.root / p).is_file() and not (self.root / p).is_symlink()]
        ids: dict[str, str | None] = dict.fromkeys(paths)
        for start in range(0, len(present), 200):  # well below the longest command line
            some = present[start : start + 200]
            listed = self._run("hash-object", "--", *some).decode().split()
            ids.update(zip(some, listed, strict=True))
        changed = {p: i for p, i in ids.items() if i != base.entries.get(p)}
        return WorkingTree(content_key(base.key, changed), base, changed, self.root)

    def is_cut_off(self, sha: str) -> bool:
        """Whether a shallow clone ends at a commit: what came before it is not known here."""
        return sha in self._shallow_ends()

    def _shallow_ends(self) -> set[str]:
        """The commits at which a shallow clone ends; none of a whole one."""
        file = self.root / os.fsdecode(self._run("rev-parse", "--git-path", "shallow").removesuffix(b"\n"))
        return set(file.read_text().split()) if file.exists() else set()

    @cached_property
    def _blobs(self) -> BlobReader:
        return BlobReader(["git", "-C", str(self.root), "cat-file", "--batch"], _environment())

    def _listed(self, sha: str) -> GitTree:
        entries: dict[str, str] = {}
        unread: dict[str, Unread] = {}
        for line in self._run("ls-tree", "-r", "-z", "--full-tree", sha).split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, blob_id = facts.decode().split()
            if mode in _UNREAD:
                unread[os.fsdecode(path)] = _UNREAD[mode]
            else:
                entries[os.fsdecode(path)] = blob_id
        return GitTree(sha, entries, self._blobs, unread)

    def _verify(self, revision: str) -> str | None:
        if not revision or revision.startswith("-"):
            return None
        done = _git(self.root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return None if done.returncode else done.stdout.decode().strip()

    def _why_unknown(self, revision: str) -> tuple[str, list[str]]:
        if self._verify("HEAD") is None and not self._names():
            return "the repository has no commit yet; commit first", []
        ambiguous = _git(self.root, "rev-parse", "--verify", f"{revision}^{{commit}}").stderr
        if b"is ambiguous" in ambiguous:
            return "more than one object starts so; give more digits", []
        steps = _STEPS.fullmatch(revision)
        if steps and (base := self._verify(steps["base"])) is not None:
            history = self._run("rev-list", "--first-parent", "--count", base).decode().strip()
            if self._run("rev-parse", "--is-shallow-repository").strip() == b"true":
                return f"the clone is shallow, with a history of {history}; run git fetch --unshallow", []
            if history == "1":
                return f"{steps['base']} ({base[:10]}) is the first commit, nothing comes before it", []
            return f"there is no such parent: {steps['base']} has {history} commits on its first-parent line", []
        done = _git(self.root, "cat-file", "-t", revision) if not revision.startswith("-") else None
        if done is not None and done.returncode == 0:
            return f"names a {done.stdout.decode().strip()}, not a commit", []
        return "no such commit, branch or tag", self._names()

    def _names(self) -> list[str]:
        listed = self._run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes")
        return listed.decode(errors="replace").split()

    def _log(self, sha: str, *options: str, paths: Sequence[str] = ()) -> tuple[Commit, ...]:
        out = self._run("log", "-z", f"--format={_COMMIT}", *options, sha, "--", *paths)
        fields = out.decode(errors="replace").split("\0")
        return tuple(
            Commit(sha, tuple(parents.split()), datetime.fromisoformat(date), subject)
            for sha, parents, date, subject in zip(*(fields[i::4] for i in range(4)), strict=False)
        )

    def _run(self, *arguments: str) -> bytes:
        done = _git(self.root, *arguments)
        if done.returncode:
            raise _failed(arguments[0], done.stderr)
        return done.stdout


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *_NO_HOOKS, "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            env=_environment(),
        )
    except FileNotFoundError:
        raise GitError("git: not found; install it, or put it on PATH") from None


def _environment() -> dict[str, str]:
    """Without what a hook or an outer git sets to point at another repository, and with messages in English."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in _HARMLESS}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


_HARMLESS = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSH_COMMAND"}


def _why_not(start: Path, stderr: bytes) -> str:
    said = stderr.decode(errors="replace").strip().splitlines()
    if any("dubious ownership" in line for line in said):
        return f"{start}: git refuses another user's repository; run git config --global --add safe.directory {start}"
    return f"{start}: not inside a git repository; go to one, or run git init"


def _failed(command: str, stderr: bytes) -> GitError:
    said = " ".join(stderr.decode(errors="replace").split())
    return GitError(f"git {command} failed: {said.removeprefix('fatal: ')}")
