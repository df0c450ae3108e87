"""From which factor on a latency counts as slower."""

from __future__ import annotations

#: From this factor on a latency has grown, and does not just vary.
SLOWER_BY = 1.5
#: The largest factor that can be asked for.
MOST_SLOWER = 1e6
