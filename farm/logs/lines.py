"""Log records as lines: for people, or with ``FARM_LOG_FORMAT=json`` as one JSON object each, for a program that gathers them.

The fields of an object are ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``; ``exception`` where there is one; and
of :data:`FIELDS` those that the record is about. A caller names them by ``extra={"attempt": ...}``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO

from farm.errors import UsageError
from farm.settings import from_environment

#: What a record may be about, by the words of the database.
FIELDS = ("job", "attempt", "unit", "submission", "device", "architecture")
FORMATS = ("text", "json")
TEXT = "%(asctime)s %(name)s %(levelname)s %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object on one line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self.about(record),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)

    def about(self, record: logging.LogRecord) -> Mapping[str, object]:
        """What the record is about."""
        return {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}


def log_format() -> str:
    """What ``FARM_LOG_FORMAT`` says; raises :class:`~farm.errors.UsageError` where that is no format."""
    asked = from_environment("FARM_LOG_FORMAT") or "text"
    if asked not in FORMATS:
        raise UsageError(f"FARM_LOG_FORMAT: {asked!r} is no format of logs; it is {' or '.join(FORMATS)}")
    return asked


def log_to(stream: IO[str]) -> bool:
    """Send all records to ``stream``, in the format that is set; whether that is JSON."""
    as_json = log_format() == "json"
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return as_json
