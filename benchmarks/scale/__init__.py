"""A farm of a thousand architectures, fifty device types and three units of each, by simulation.

``python -m benchmarks.scale [--quick] [--json] [--database KIND]``. The coordinator is the product's own, on a real database;
what is simulated is the time, the wire, the units (:mod:`.world`), the converters and the people (:mod:`.people`).
:mod:`.scenario` has every number that is assumed, and where it is from; :mod:`.gauge` counts, :mod:`.run` puts it together,
:mod:`.document` writes docs/scale.md.
"""
