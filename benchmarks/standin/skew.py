"""The clock of a host that is wrong by ``STANDIN_SKEW_S``; imported before whatever takes the function of the clock along."""

from __future__ import annotations

import os
import time

_real, SKEW_S = time.time, float(os.environ.get("STANDIN_SKEW_S", "0"))
if SKEW_S:
    time.time = lambda: _real() + SKEW_S
