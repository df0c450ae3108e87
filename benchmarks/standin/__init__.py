"""Stand-ins for device hosts, for benchmarks and tests of the queue: real Celery workers that replay nothing."""
