"""A scratch model repository and real processes of the farm on it: coordinator, Celery workers, commands."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from tests.farm.documents.valid import valid

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


def copy_models(root: Path) -> None:
    """Write this project's own models, and their inventory, below ``root``."""
    for package in ("models", "mcore"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("inventory.yaml", "exclusions.yaml"):
        shutil.copy(ROOT / name, root / name)
    (root / ".gitignore").write_text("__pycache__/\n.farm/\n")
    (root / ".farm").mkdir()


class ModelRepository:
    """A git repository of its own, with the files that ``write`` puts there as its first commit."""

    def __init__(self, root: Path, write: Callable[[Path], None]) -> None:
        self.root = root
        root.mkdir()
        write(root)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("Start")

    def git(self, *arguments: str) -> str:
        identity = {
            f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**os.environ, **identity},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def replace(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        (self.root / path).write_text(text.replace(old, new))


class Farm:
    """Runs commands in a repository and keeps the processes that it started until :meth:`stop`."""

    def __init__(self, repository: Path, logs: Path, environment: Mapping[str, str]) -> None:
        self.repository, self.logs = repository, logs
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(logs / "cache"), **environment}
        self.environment.pop("FARM_BROKER_URL", None)
        self.environment |= environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """One ``farm`` command."""
        return subprocess.run(
            [str(BIN / "farm"), *arguments],
            cwd=self.repository,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def here(self, *arguments: str) -> tuple[int | str | None, str, str]:
        """Exit code, output and errors of a command in this process, as a start is dear: where that is not what is tested."""
        from farm.cli import main

        out, errors = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            contextlib.chdir(self.repository),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
        ):
            try:
                main(list(arguments))
            except SystemExit as end:
                return end.code, out.getvalue(), errors.getvalue()
        raise AssertionError(f"farm {' '.join(arguments)} has no end of its own")

    def run_here(self, *arguments: str) -> subprocess.CompletedProcess[Any]:
        """As :meth:`run`, :meth:`here`; a farm of other code than this process runs has a process of its own."""
        if self.environment.get("PYTHONPATH") != os.environ.get("PYTHONPATH"):
            return self.run(*arguments)
        code, out, errors = self.here(*arguments)
        return subprocess.CompletedProcess(arguments, int(code or 0), out, errors)

    def document(self, *arguments: str) -> dict[str, Any]:
        """The ``--json`` document of a reading command."""
        done = self.run_here(*arguments, "--json")
        assert done.stdout, done.stderr
        return valid(done.stdout)

    def start(self, name: str, command: list[str], cwd: Path, ready: str, **environment: str) -> None:
        """Start a process and wait until it has written ``ready``."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as out:
            self._processes[name] = subprocess.Popen(
                command, cwd=cwd, env={**self.environment, **environment}, stdout=out, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 60
        while ready not in log.read_text(errors="replace"):
            assert self._processes[name].poll() is None, f"{name} ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"{name} is not ready:\n{log.read_text()}"
            time.sleep(0.05)

    def start_coordinator(self, **environment: str) -> None:
        self.start(
            "coordinator", [str(BIN / "farm"), "coordinator"], self.repository, "coordinator is up", **environment
        )

    def start_host(self, device: str, folder: Path) -> None:
        """A device host in a folder of its own; it shares the broker and the store's URL with the others, nothing else."""
        folder.mkdir()
        environment = {"FARM_UNIT": f"{device}-host", "FARM_CACHE": str(folder / "cache")}
        command = [str(BIN / "celery"), "-A", "farm", "worker", "-Q", f"device_{device}", "--loglevel", "INFO"]
        self.start(f"host-{device}", command, folder, "ready.", **environment)

    @property
    def started(self) -> tuple[str, ...]:
        """Names of the processes that are kept."""
        return tuple(self._processes)

    def stop(self, *names: str) -> None:
        """End processes, all where none is named."""
        for name in names or tuple(self._processes):
            process = self._processes.pop(name)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self, name: str) -> str:
        """What a process has written so far."""
        return (self.logs / f"{name}.log").read_text(errors="replace")
