"""Python started afresh, with a backend chosen and, where it matters, torch out of reach."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Makes any import of torch fail, as on a host that has none.
WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r} here", name=name)

sys.meta_path.insert(0, Blocked())
"""


def python(code: str, *, backend: str | None, torch: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ``code``, its warnings errors; ``backend`` is the value of the variable, ``None`` to leave it unset."""
    environment = {k: v for k, v in os.environ.items() if k != "MCORE_BACKEND"}
    if backend is not None:
        environment["MCORE_BACKEND"] = backend
    command = [sys.executable, "-W", "error", "-c", ("" if torch else WITHOUT_TORCH) + code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def output(code: str, *, backend: str | None, torch: bool = True) -> str:
    """What ``code`` prints; fails the test with its error if it does not end well."""
    done = python(code, backend=backend, torch=torch)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
