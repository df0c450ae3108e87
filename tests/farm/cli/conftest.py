"""Commands in this process, on a scratch repository, with all of the farm's folders below the test's own."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from farm.cli import main, render
from farm.database import engine
from tests.acceptance.tiny import FILES, INVENTORY
from tests.farm.conftest import Scratch
from tests.farm.databases import migrating_by
from tests.farm.documents.valid import valid


@dataclass
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What was printed, held against its schema."""
        assert self.code == 0, self.err
        return valid(self.out)


@pytest.fixture
def tiny(scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path) -> Scratch:
    """The tiny repository with one commit, as the folder that commands run in; the first of them finds no database."""
    monkeypatch.setattr(engine, "migrate", migrating_by(migrated_sqlite))
    scratch.commit({**FILES, "inventory.yaml": INVENTORY}, "Start")
    monkeypatch.chdir(scratch.root)
    for name in ("FARM_DATABASE_URL", "FARM_DATABASE_URL_FILE", "FARM_BROKER_URL", "FARM_INVENTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return scratch


@pytest.fixture
def farm(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs one command."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        captured = capsys.readouterr()
        return Said(int(stopped.value.code or 0), captured.out, captured.err)

    return run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What is printed on a terminal, or on something else."""

    def printed_by(what: Callable[[Console], None], out: io.StringIO, **environment: str) -> str:
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm-256color", **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdout", out)
        what(render.console())
        return out.getvalue()

    return printed_by
