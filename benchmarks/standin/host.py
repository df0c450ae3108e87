"""A device host whose attempts do nothing: ``celery -A benchmarks.standin.host worker -Q device_<type>``.

All of the product's own host but what an attempt and a check of the unit do (:mod:`benchmarks.standin.attempts`): Celery, the
settings, heartbeats, all messages. ``STANDIN_SKEW_S`` is how far the clock of the host is ahead.

For processes that are such a host: whoever imports it has no other any more.
"""

import benchmarks.standin.skew  # noqa: F401
import farm.host.attempt
import farm.host.check
from benchmarks.standin.attempts import perform, perform_check
from farm.celery import app

__all__ = ["app"]

farm.host.attempt.perform, farm.host.check.perform_check = perform, perform_check
