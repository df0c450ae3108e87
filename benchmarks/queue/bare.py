"""The peer: a task of Celery that does nothing, on the same settings. ``celery -A benchmarks.queue.bare worker -Q bare``."""

from __future__ import annotations

import os

from farm.celery import keep_no_promises_of_hosts, make_app

QUEUE = "bare"
app = make_app(os.environ.get("FARM_BROKER_URL"))
keep_no_promises_of_hosts()


@app.task(name="bare")
def nothing(payload: str) -> None:
    """As much to carry as an attempt has, and nothing to do."""
