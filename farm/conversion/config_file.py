"""The config file of an experiment: YAML (or JSON, which is YAML too) read into plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from farm.errors import UsageError

#: Bytes; a config is written by hand.
_MAX_SIZE = 1 << 20


def read_config(path: Path) -> dict[str, Any]:
    """What the file says; raises :class:`~farm.errors.UsageError`, with the line, where it cannot be read."""
    try:
        if path.stat().st_size > _MAX_SIZE:
            raise UsageError(f"{path}: larger than {_MAX_SIZE} bytes; that is no config")
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"{place}: not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    except (ValueError, RecursionError) as error:  # what looks like a date and is none; a list that is within itself
        raise UsageError(f"{path}: not YAML: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise UsageError(f"{path}: a config is a mapping with a name, components and outputs")
    return data
