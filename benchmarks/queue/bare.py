"""The peer: a task of Celery that does nothing. ``celery -A benchmarks.queue.bare worker -Q bare``.

On the settings of hosts, but that its process is never replaced: to begin a new one takes as long as some hundred tasks, and
seconds where the pool fails to see that the old one has ended.
"""

from __future__ import annotations

import os

from farm.celery import keep_no_promises_of_hosts, make_app

QUEUE = "bare"
app = make_app(os.environ.get("FARM_BROKER_URL"))
app.conf.worker_max_tasks_per_child = None
keep_no_promises_of_hosts()


@app.task(name="bare")
def nothing(payload: str) -> None:
    """As much to carry as an attempt has, and nothing to do."""
