"""The coordinator as a Celery service: ``celery -A farm.service worker``, in the folder of the repository.

For machines on which all else is a Celery worker too: started, watched and stopped as those are, it runs the same loop as
``farm coordinator --no-convert``, in a thread beside the worker's own. The worker itself has nothing to do: it listens to a
queue of its own, ``coordinator``.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery import bootsteps
from celery.signals import celeryd_init
from celery.worker import state

from farm.celery import broker_by_now, end, keep_no_promises_of_hosts, make_app, reach_broker
from farm.errors import FarmError
from farm.logs.host import log_as_json

log = logging.getLogger("farm.coordinator")


class Coordination(bootsteps.StartStopStep):  # type: ignore[misc]
    """The coordinator's thread, from the start of the worker to its end; where it fails, the worker ends too."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coordinator")

    def start(self, parent: Any) -> None:
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Let it merge the message at hand."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        from farm.running.context import Context
        from farm.running.coordinator import coordinate

        try:
            coordinate(Context.here(), self._over.is_set, convert=False, say=log.info)
        except FarmError as error:
            log.critical("%s", error)
            state.should_stop = int(error.exit_code)
        except BaseException:
            log.critical("the coordinator broke down", exc_info=True)
            state.should_stop = 1


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _through_tls(conf: Any, **_: object) -> None:
    try:
        log_as_json(None)
        reach_broker(conf)
    except FarmError as error:
        end(error)


app = make_app(broker_by_now())
app.conf.update(worker_pool="solo", task_default_queue="coordinator")
app.steps["worker"].add(Coordination)
keep_no_promises_of_hosts()
