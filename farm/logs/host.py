"""The log of a device host: Celery's own records too, each with the unit, and the attempt that they are about."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from celery._state import get_current_task
from celery.signals import after_setup_logger, after_setup_task_logger

from farm.logs.lines import JsonLines, log_format


class HostLines(JsonLines):
    """As :class:`JsonLines`, for the unit of this host; a worker of another kind has none."""

    def __init__(self, unit: str | None) -> None:
        super().__init__()
        self._unit = unit

    def about(self, record: logging.LogRecord) -> Mapping[str, object]:
        """The attempt is that of the task which runs, or which a record of the worker's own is about."""
        task, of_worker = get_current_task(), getattr(record, "data", None)
        attempt = task.request.id if task is not None and task.request else None
        if attempt is None and isinstance(of_worker, dict):
            attempt = of_worker.get("id")
        known = {"attempt": attempt, "unit": self._unit}
        return {**{name: value for name, value in known.items() if value is not None}, **super().about(record)}


def log_as_json(unit: str | None) -> None:
    """Let the worker log JSON lines where ``FARM_LOG_FORMAT`` asks for it; before it sets up its loggers.

    Raises:
        UsageError: what it asks for is no format.
    """
    if log_format() != "json":
        return

    def set_format(logger: logging.Logger, **_: Any) -> None:
        for handler in logger.handlers:
            handler.setFormatter(HostLines(unit))

    after_setup_logger.connect(set_format, weak=False)
    after_setup_task_logger.connect(set_format, weak=False)
