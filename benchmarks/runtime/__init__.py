"""How quick, small and accurate the planned NumPy runtime is beside others, each of them run and none quoted.

``python -m benchmarks.runtime`` times whole networks; ``.memory``, ``.cold_start``, ``.pairs``, ``.lanes`` and ``.accuracy``
beside it measure peak memory, a fresh process, two cases at once, how evenly threads share a case, and the error to a
float64 reference. All take ``--json``.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported
os.environ["MCORE_BACKEND"] = "torch"
