"""A farm under a killer: whatever is killed, and whenever, the table comes out right.

``make chaos``, or ``python -m benchmarks.chaos --seconds S --seed K [--json]``. :mod:`.parts` are the processes, :mod:`.killer`
ends them, :mod:`.run` is one run, :mod:`.figures` what came of it, :mod:`.document` writes that into docs/guarantees.md.
"""
