"""A whole farm at work on the zoo: ``python -m benchmarks.farm [--quick] [--json]``.

:mod:`.repository` is what is submitted, :mod:`.accounting` counts processor time by process, :mod:`.processes` are the
services, :mod:`.measure` are the three measurements, :mod:`.stages` is where the seconds of one change went.
"""
