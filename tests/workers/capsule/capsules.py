"""Capsules of real attempts on a small network, and a machine that has the workers' package and nothing of the farm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcore.platform.format import verified_files
from tests.workers.attempts import request_for
from tests.workers.bundles import branched
from workers.capsule import Capsule, Expected, write_capsule
from workers.capsule.contents import SCHEMA
from workers.outcome import Cause, Outcome
from workers.processes.attempt import run_attempt

ROOT = Path(__file__).parents[3]
#: Of packages that a replay has no need of: importing one ends it.
ABSENT = "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n"


def make_capsule(folder: Path, profile: dict[str, Any], *, really: bool = True) -> Capsule:
    """Of an attempt that is carried out now; or else of one that is only said to have passed."""
    bundle = branched().write(folder / "bundle")
    request = request_for(folder / "bundle", bundle, **profile)
    expected = Expected("SUPPORTED", Outcome.PASS, Cause.UNKNOWN, "", {"runtime": "test 1"})
    if really:
        report = run_attempt(request)
        expected = Expected(
            "ASKED", report.outcome, report.cause, report.message, report.stack, report.cases, report.unsupported
        )
    return Capsule(
        schema=SCHEMA,
        made_by="0.1.0",
        attempt="a1" * 16,
        architecture="network:tiny",
        commit="c0ffee" * 6,
        device="board",
        unit="unit-1",
        observed="2026-01-01T00:00:00+00:00",
        bundle=bundle,
        driver=request.driver,
        profile=profile,
        policy=request.policy,
        limits=request.limits,
        measured_stack=None,
        expected=expected,
    )


def write(folder: Path, capsule: Capsule, **changes: Any) -> Path:
    """The capsule in ``folder``, whose bundle lies beside it, with some fields replaced."""
    write_capsule(folder / "capsule", replace(capsule, **changes), verified_files(folder / "bundle"))
    return folder / "capsule"


def make_machine(folder: Path) -> Path:
    """A folder of packages: the workers and the Platform, and nothing else of ours, not even where the tests have it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "workers", folder / "workers", ignore=ignored)
    shutil.copytree(ROOT / "mcore" / "platform", folder / "mcore" / "platform", ignore=ignored)
    shutil.copy(ROOT / "mcore" / "__init__.py", folder / "mcore")
    for name in ("farm", "models", "torch", "sqlalchemy", "onnxruntime"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(ABSENT)
    return folder


def replay(capsule: Path, machine: Path | None, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Replay in a fresh process, in a folder that is in no repository; without a ``machine`` there is no package of ours."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    interpreter = [sys.executable] if machine else [sys.executable, "-S"]
    if machine:
        environment["PYTHONPATH"] = str(machine)
    asked = command or (str(capsule / "replay.py"),)
    return subprocess.run(
        [*interpreter, *asked], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
