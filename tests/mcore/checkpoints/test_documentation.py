"""What the documentation says of the store is complete."""

from __future__ import annotations

import re
from pathlib import Path

from mcore.checkpoints.filters.fields import FIELDS, SPACES

TEXT = (Path(__file__).parents[3] / "docs" / "checkpoints.md").read_text()


def test_every_field_is_documented() -> None:
    said = set(re.findall(r"`([a-z_]+)(?:\.<name>)?`", TEXT))
    assert set(FIELDS) | set(SPACES) <= said
