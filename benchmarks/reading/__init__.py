"""How quickly the table is read when a million case results are in the database.

``python -m benchmarks.reading [--results N] [--json]``. :mod:`.fill` makes them, :mod:`.measure` reads.
"""
