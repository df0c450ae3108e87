"""All benchmarks one after the other: ``python -m benchmarks [--quick] [--only TOPIC ...] [--output DIR]``.

:mod:`.topics` says which there are and what tables come of them, :mod:`.run` runs them, :mod:`.machine` says on what,
:mod:`.markdown` and :mod:`.chart` draw, :mod:`.document` writes files and docs/benchmarks.md.
"""
