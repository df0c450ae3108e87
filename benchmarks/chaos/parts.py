"""The processes of a small farm: a Redis that keeps nothing, two coordinators, hosts of two device types."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farm.inventory import Inventory

ROOT = Path(__file__).parents[2]
#: Units by device type. Identical units share one queue.
UNITS = {"alpha": 1, "beta": 2}


def inventory(window: int = 2) -> Inventory:
    """What the coordinators of a run know of the devices."""
    return Inventory.model_validate(
        {
            "version": 1,
            "catalogue": {"levels": {"network": "models/networks"}},
            "policies": {
                "fp32": {
                    "version": 1,
                    "precision": "float32",
                    "atol_rel": 2e-4,
                    "rtol": 1e-4,
                    "sqnr_db": 75,
                    "cosine": 0.99999,
                }
            },
            "devices": {
                name: {"driver": "numpy", "policy": "fp32", "units": units, "limits": {"time_s": 60}}
                for name, units in UNITS.items()
            },
            "queue": {"window": window},
            # A unit that has lost an attempt is checked before the next one, at once: see LEASE_S in run.py.
            "health": {"recheck_s": 1, "check_jobs": 0},
        }
    )


@dataclass
class Part:
    """A process in a session of its own, so that all of it can be ended at once."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    #: Process groups of it and of all that it was before.
    groups: list[int] = field(default_factory=list)

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                # What it leaves when it is killed goes with the folder of the run.
                env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.log.parent), **self.environment},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.groups.append(self.process.pid)

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        """SIGKILL to it alone: its children are orphans, which may still report."""
        if self.lives:
            assert self.process is not None
            self.process.kill()
            self.process.wait()

    def kill_all(self) -> None:
        """SIGKILL to it and all its children at once, those of its predecessors too, as when a machine loses its power."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.groups.clear()
        if self.process is not None:
            self.process.wait()

    def children(self) -> list[int]:
        """Of the process itself, not of its children."""
        if not self.lives:
            return []
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []

    def kill_child(self) -> bool:
        """SIGKILL to the process that runs attempts; ``False`` where there is none at this moment."""
        for pid in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        return False


def redis_part(binary: str, folder: Path, port: int, *more: str) -> Part:
    command = (binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *more)
    return Part("redis", command, folder / "redis.log")


def coordinator_part(
    number: int, folder: Path, database_url: str, broker_url: str, lease_s: float, window: int
) -> Part:
    command = (
        *(sys.executable, "-m", "benchmarks.chaos.coordinator"),
        *(database_url, broker_url, str(lease_s), str(window)),
    )
    return Part(f"coordinator-{number}", command, folder / f"coordinator-{number}.log")


def host_part(
    device: str,
    unit: str,
    folder: Path,
    broker_url: str,
    environment: Mapping[str, str],
    heartbeat_s: float = 1.0,
    log_level: str = "INFO",
) -> Part:
    """A stand-in host of :mod:`benchmarks.standin.host`."""
    command = (
        sys.executable, "-m", "celery", "-A", "benchmarks.standin.host", "worker", "-Q", f"device_{device}",
        "--without-mingle", "--without-gossip", "--loglevel", log_level,
    )  # fmt: skip
    own = {
        "FARM_BROKER_URL": broker_url,
        "FARM_STORE_URL": str(folder / "store"),
        "FARM_CACHE": str(folder / "cache"),
        "FARM_UNIT": unit,
        "FARM_HEARTBEAT_S": str(heartbeat_s),
        **environment,
    }
    return Part(unit, command, folder / f"{unit}.log", own)


def wait(done: Callable[[], bool], within_s: float, what: str, every_s: float = 0.05) -> None:
    """Wait for something to come true, looking at it again and again.

    Raises:
        TimeoutError: it did not.
    """
    deadline = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within_s:g} s")
        time.sleep(every_s)
