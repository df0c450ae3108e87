"""Subjects on disk, and child processes that load and run them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.runtime.subjects import Subject, ready
from mcore.platform.format import write_bundle


@dataclass(frozen=True, slots=True)
class Stored:
    """A subject as a bundle without samples, and as a pickled torch module."""

    subject: Subject
    bundle: Path
    module: Path

    def ours(self, mode: str = "default") -> dict[str, float]:
        return _child("ours", str(self.bundle), str(self.subject.side), mode)

    def torch(self) -> dict[str, float]:
        return _child("torch", str(self.module), str(self.subject.side))


@contextmanager
def stored(subject: Subject) -> Iterator[Stored]:
    """Write it to a temporary folder."""
    prepared = ready(subject)
    with TemporaryDirectory() as folder:
        made = Stored(subject, Path(folder) / "bundle", Path(folder) / "module.pt")
        write_bundle(made.bundle, graph=prepared.graph, weights=prepared.weights, samples=())
        torch.save(prepared.model, made.module)
        yield made


def _child(*arguments: str) -> dict[str, float]:
    """What a fresh process measured; its own error shows on standard error."""
    command = [sys.executable, "-m", "benchmarks.runtime.child", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment).stdout)
