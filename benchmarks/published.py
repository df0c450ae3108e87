"""Runs that are published: one a line, in a file beside the module that made them."""

import json
from pathlib import Path
from typing import Any


def record(document: dict[str, Any], path: Path) -> None:
    """Add a run."""
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(document) + "\n")


def recorded(path: Path) -> list[dict[str, Any]]:
    """The runs, oldest first."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
