"""Inventories that are made for a measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def own_inventory() -> dict[str, Any]:
    """What stands in this repository's, to be changed."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "inventory.yaml").read_text(encoding="utf-8"))
    return document


def write_inventory(path: Path, document: Mapping[str, Any]) -> None:
    """Write an inventory as JSON, which is YAML, too."""
    path.write_text(json.dumps(document), encoding="utf-8")
