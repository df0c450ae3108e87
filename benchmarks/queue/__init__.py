"""What the queue costs: its rate beside bare Celery's, and how long it takes to send a job when many wait.

``python -m benchmarks.queue [--quick] [--json]``. :mod:`.fill` makes the jobs, :mod:`.bare` is the peer, :mod:`.rate` and
:mod:`.latency` measure.
"""
