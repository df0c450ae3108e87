"""kill -9 at every step of a save, a removal and a collection leaves the old state or the new."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path, database_url: str) -> None:
    root = tmp_path / "store"
    operations = ["save", "delete", "collect"]
    if not database_url.startswith("sqlite"):
        operations = ["save"]  # the rest differs in the files alone, which are the same
    # Beside the weights, as it is by default, where it is a file.
    url = f"sqlite:///{root}/checkpoints.sqlite" if database_url.startswith("sqlite") else database_url
    command = [sys.executable, "-m", "tests.mcore.checkpoints.crashing", str(root), url, *operations]
    environment = {**os.environ, "MCORE_BACKEND": "platform"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in done.stdout.splitlines():
        kill = json.loads(line)
        found[kill["operation"]].append(kill)
        assert kill["problems"] == [], kill
        assert kill["garbage"] == [], kill
        assert kill["journal"] == [], kill
    assert list(found) == operations
    for operation, kills in found.items():
        assert operation == "delete" or all(kill["missing"] == [] for kill in kills)
        assert all(kill["new"] == kill["states"] for kill in kills)
        assert len(kills) > 4
    # Kills before the moment that decides, and after it; never back.
    for operation, outcome in (("save", "new"), ("delete", "missing")):
        if kills := found[operation]:
            results = [kill[outcome] not in (0, []) for kill in kills]
            assert results == sorted(results)
            assert set(results) == {False, True}
            assert (kills[-2]["survived"], results[-2]) == (False, True)
