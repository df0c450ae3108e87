"""Measuring selection and its peers on copies of repositories."""

from __future__ import annotations

import ast
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.inventories import own_inventory, write_inventory
from benchmarks.select.made import make
from farm.git import Repository
from farm.inventory import load_inventory
from farm.planning.plan import SourceReader, make_plan
from farm.planning.state_cache import StateCache

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "mcore")
PEERS = ("ast.parse", "grimp")
_FARM = "from farm.cli import main; main(['plan', '--changed-since', 'HEAD', '--commit', 'HEAD'])"
_GRIMP = "import grimp; grimp.build_graph('models', 'mcore', cache_dir=None)"


class Times(NamedTuple):
    """Milliseconds of one run: of processor time, and by the clock."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Subject:
    """A repository with one commit; ``{}`` in the text of the edit is the number of the run, so that each is a new state."""

    name: str
    root: Path
    file: Path
    old: str
    new: str

    def edit(self, number: int) -> None:
        """Change one block on disk."""
        text = subprocess.run(
            ["git", "show", f"HEAD:{self.file.relative_to(self.root)}"],
            cwd=self.root, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert self.old in text
        self.file.write_text(text.replace(self.old, self.new.format(number), 1))

    def restore(self) -> None:
        """As it was committed."""
        subprocess.run(["git", "checkout", "--quiet", "--", "."], cwd=self.root, check=True)


def this_repository(folder: Path) -> Subject:
    """This repository: its model code as it is on disk."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    edit = "class BasicBlock(Block):\n", "class BasicBlock(Block):\n    extra = {}\n"
    return _committed("this", folder, folder / "models/basicblocks/residual.py", *edit)


def made_repository(folder: Path) -> Subject:
    """The one of a thousand public names."""
    for path, text in make().files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    edit = "x * self.scale + identity", "x * self.scale + identity * {}"
    return _committed("made", folder, folder / "models/basicblocks/part30.py", *edit)


def measured(subject: Subject, folder: Path, runs: int) -> Iterator[dict[str, Any]]:
    """Rows of one repository; ``folder`` is for states that are kept."""
    states = folder / "states"
    caches = {"process cold": folder / "cold", "process warm": folder / "warm"}
    times: dict[str, list[Times]] = {}
    count = _plan(subject, states)
    _process(subject, _FARM, caches["process warm"])
    for number in range(runs):
        taken = {
            "cold": _timed(lambda: _plan(subject, None)),
            "warm": _timed(lambda: _plan(subject, states)),
            "edited": _edited(subject, states, number),
            "process cold": _process(subject, _FARM, caches["process cold"]),
            "process warm": _process(subject, _FARM, caches["process warm"]),
            "ast.parse": _timed(lambda: _parse(subject.root)),
            "grimp": _import_graph(subject),
        }
        shutil.rmtree(caches["process cold"])
        for name, one in taken.items():
            times.setdefault(name, []).append(one)
    yield from _rows(subject, count, times)


def _rows(subject: Subject, count: int, times: Mapping[str, list[Times]]) -> Iterator[dict[str, Any]]:
    for run in (name for name in times if name not in PEERS):
        for peer in PEERS:
            ours, theirs = (median(t.cpu for t in times[name]) for name in (run, peer))
            yield {
                "repository": subject.name,
                "architectures": count,
                "run": run,
                "peer": peer,
                "ratio": round(ours / theirs, 3),
                "ours_ms": round(ours, 2),
                "peer_ms": round(theirs, 2),
                "wall_ms": round(median(t.wall for t in times[run]), 2),
            }


def _plan(subject: Subject, states: Path | None) -> int:
    """Plan as the command does, with the files on disk; number of architectures."""
    inventory = load_inventory(subject.root / "inventory.yaml")
    reader = SourceReader(Repository(subject.root), inventory, StateCache(states) if states else None)
    return len(make_plan(reader, inventory, changed_since="HEAD").entries)


def _edited(subject: Subject, states: Path, number: int) -> Times:
    subject.edit(number + 1)
    try:
        return _timed(lambda: _plan(subject, states))
    finally:
        subject.restore()


def _parse(root: Path) -> None:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            ast.parse(path.read_bytes())


def _import_graph(subject: Subject) -> Times:
    """The graph in a process of its own, whose start is taken off: it is no part of the peer."""
    started = _process(subject, "import grimp", None)
    built = _process(subject, _GRIMP, None)
    return Times(max(built.cpu - started.cpu, 0.1), max(built.wall - started.wall, 0.1))


def _process(subject: Subject, code: str, cache: Path | None) -> Times:
    """A whole process, with its children: git's time counts."""
    places = {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)} if cache else {"PYTHONPATH": str(subject.root)}
    places |= {"XDG_DATA_HOME": str(subject.root.parent / "data")}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=subject.root, env={**os.environ, **places}, stdout=subprocess.DEVNULL, check=True
    )  # fmt: skip
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Times((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3, wall * 1e3)


def _timed(call: Callable[[], object]) -> Times:
    """Of this process alone: git's few milliseconds are in the clock's."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Times((time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3)


def _committed(name: str, root: Path, file: Path, old: str, new: str) -> Subject:
    shutil.copy(ROOT / "exclusions.yaml", root / "exclusions.yaml")
    inventory = own_inventory()
    inventory["catalogue"]["task_list"] = []  # names of ours, which what is made has not
    write_inventory(root / "inventory.yaml", inventory)
    identity = {f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Start"]):
        subprocess.run(["git", *command], cwd=root, env={**os.environ, **identity}, check=True)
    return Subject(name, root, file, old, new)
