"""Real git repositories to test against; what is frozen."""

import gc
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest


class Scratch:
    """A repository below the test's temporary folder; dates go up by a minute a commit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits = 0
        root.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        when = f"2024-05-01T10:{self.commits % 60:02}:00+02:00"
        own = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": when}
        identity = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in own.items()}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env = {**clean, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        # A look for what to pack after each commit takes as long as the commit.
        command = ["git", "-c", "maintenance.auto=false", *arguments]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files by path; ``None`` deletes one."""
        for path, content in files.items():
            target = self.root / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: Mapping[str, str | bytes | None], subject: str = "Change") -> str:
        """Write files, commit everything, return the full id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        self.commits += 1
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path / "repository")


@pytest.fixture
def new_scratch(tmp_path: Path) -> Callable[[str], Scratch]:
    """Makes further repositories by name."""
    return lambda name: Scratch(tmp_path / name)


@pytest.fixture
def frozen_again() -> Iterator[None]:
    """For a test that thaws all that is frozen: the next ones look through none of it for garbage either."""
    yield
    gc.freeze()
