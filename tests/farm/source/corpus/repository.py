"""This repository's own files in memory, and what edits of them select."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from farm.source.catalogue import Architecture, Catalogue, discover
from farm.source.closure import Closure, compute_closures
from farm.source.errors import FileNotInTreeError
from farm.source.names import Cache
from farm.source.select import Selection, select
from farm.source.tree import Unread
from tests.farm.source.corpus.edit import Edit, Facts, Files

ROOT = Path(__file__).parents[4]
CATALOGUE = Catalogue()


class Tree:
    """Files in memory; those of the same content share what was indexed."""

    key = "memory"

    def __init__(self, files: Files) -> None:
        self.files = files
        self.unread: dict[str, Unread] = {}

    def paths(self) -> Collection[str]:
        return self.files.keys()

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotInTreeError(path, self.key)
        return self.files[path]

    def blob_id(self, path: str) -> str:
        return hashlib.sha1(self.read(path)).hexdigest()


class Corpus:
    """The files, and what edits of them select."""

    def __init__(self) -> None:
        listed = [p for package in (*CATALOGUE.packages, "farm", "docs") for p in (ROOT / package).rglob("*.*")]
        listed += [ROOT / "exclusions.yaml"]
        self.files: Files = {
            p.relative_to(ROOT).as_posix(): p.read_bytes() for p in listed if p.is_file() and p.suffix != ".pyc"
        }
        self._cache: Cache = {}
        self.before = self._closures(self.files)

    def select(self, edits: Iterable[Edit]) -> tuple[Selection, ...]:
        """What edits select together."""
        files, before = dict(self.files), self.before
        for edit in edits:
            for change in edit.before:
                change(files)
        if files != self.files:
            before = self._closures(dict(files))
        for edit in edits:
            for change in edit.changes:
                change(files)
        return select(before, self._closures(files), since="then")

    def batches(self, edits: Mapping[str, Edit]) -> list[list[str]]:
        """Names of edits, together where they change different files."""
        found: list[tuple[set[str], list[str]]] = []
        for name, edit in edits.items():
            files = dict(self.files)
            for change in (*edit.before, *edit.changes):
                change(files)
            touched = {p for p in {*files, *self.files} if files.get(p) != self.files.get(p)}
            assert touched, f"{name} changes nothing"
            place = next((b for b in found if not b[0] & touched), None)
            if place is None:
                found.append((set(touched), [name]))
            else:
                place[0].update(touched)
                place[1].append(name)
        return [names for _, names in found]

    def _closures(self, files: Files) -> dict[Architecture, Closure]:
        tree = Tree(files)
        found = discover(tree, CATALOGUE, cache=self._cache)
        return compute_closures(tree, found.architectures, CATALOGUE, cache=self._cache)


def observed() -> Facts:
    """What the oracle sees of each architecture, in a process of its own."""
    levels = json.dumps({str(kind): folder for kind, folder in CATALOGUE.levels.items()})
    done = subprocess.run(
        [sys.executable, "-m", "tests.farm.source.corpus.oracle", levels],
        env={**os.environ, "MCORE_BACKEND": "torch", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the oracle failed: {done.stderr[-2000:]}")
    return {key: frozenset(seen) for key, seen in json.loads(done.stdout).items()}
