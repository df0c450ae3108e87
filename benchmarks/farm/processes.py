"""The services of a farm on one machine, as separate processes, and commands that are waited for."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.chaos.parts import Part, redis_part, wait
from benchmarks.farm.repository import Clone
from farm.database.engine import Database
from farm.database.models import Device
from farm.protocol import queue_of
from farm.states.health import Health
from tests.servers import free_port

START_S = 180.0


@dataclass
class Services:
    """Processes by name, and what each is for."""

    clone: Clone
    folder: Path
    broker: str
    parts: dict[str, Part] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    def start(self, part: Part, role: str) -> None:
        part.start()
        self.parts[part.name], self.roles[part.name] = part, role

    def start_farm(self, kind: str, *options: str) -> None:
        """``farm coordinator`` or ``farm converter``; in the clone, which it works for."""
        command = ("env", "-C", str(self.clone.root), *self.clone.command(kind, *options))
        self.start(Part(kind, command, self.folder / f"{kind}.log", self._environment()), kind)

    def start_host(self, device: str, number: int = 0) -> None:
        """A real host of one unit, with a cache of its own."""
        name = f"{device}-{number}"
        command = (
            sys.executable, "-m", "celery", "-A", "farm", "worker", "-Q", queue_of(device), "-n", f"{name}@%h",
            "--without-mingle", "--without-gossip", "--loglevel", "WARNING",
        )  # fmt: skip
        own = {"FARM_UNIT": name, "FARM_CACHE": str(self.folder / "cache" / name), "FARM_HEARTBEAT_S": "1"}
        self.start(Part(name, command, self.folder / f"{name}.log", self._environment() | own), "host")

    def ready(self, units: int) -> None:
        """Wait until so many units have passed the check that every unit begins with."""

        def sound() -> bool:
            for part in self.parts.values():
                if not part.lives:
                    raise RuntimeError(f"{part.name} ended: {part.said[-400:]}")
            return sound_units(self.clone) >= units

        wait(sound, START_S, f"the first checks of {units} units", every_s=0.2)

    def pids(self) -> dict[int, str]:
        return {p.process.pid: self.roles[n] for n, p in self.parts.items() if p.process is not None and p.lives}

    def end(self) -> None:
        for part in reversed(self.parts.values()):
            part.kill_all()

    def _environment(self) -> dict[str, str]:
        return self.clone.environment({"FARM_BROKER_URL": self.broker})


def sound_units(clone: Clone) -> int:
    """How many have passed a check, in farms before this one too."""
    database = Database(clone.database_url)
    with database.read() as session:
        query = select(func.count()).select_from(Device).where(Device.health == Health.GOOD)
        found = session.scalar(query) or 0
    database.close()
    return found


@contextmanager
def services(clone: Clone, redis_binary: str, folder: Path) -> Iterator[Services]:
    """A Redis, and whatever is started beside it until leaving; then what its hosts have cached goes, most of the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    made = Services(clone, folder, f"redis://127.0.0.1:{port}/0")
    try:
        made.start(redis_part(redis_binary, folder, port), "broker")
        yield made
    finally:
        made.end()
        shutil.rmtree(folder / "cache", ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command took: of the clock, and of a processor with all that it started and waited for."""

    wall_s: float
    cpu_s: float


class Command:
    """A command that is started, and waited for."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._command, self._folder, self._environment, self._log = command, folder, environment, log

    def start(self) -> int:
        """Returns its process id."""
        self._began = time.monotonic()
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdout=out, stderr=out, start_new_session=True
            )
        return self._process.pid

    def wait(self) -> Spent:
        """Raises ``RuntimeError`` with what it said last, where its exit code is neither 0 nor 1 (a verdict is bad)."""
        try:
            _, status, usage = os.wait4(self._process.pid, 0)
        except BaseException:  # the benchmark is told to end
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise
        took = time.monotonic() - self._began
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            raise RuntimeError(f"exit code {code}: {self._log.read_text(errors='replace')[-800:]}")
        return Spent(took, usage.ru_utime + usage.ru_stime)
