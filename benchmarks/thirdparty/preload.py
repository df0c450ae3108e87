"""What the processes of the sweep have in common, imported once and forked (see :mod:`.convert`)."""

import mcore.convert
import mcore.platform.runtime  # noqa: F401
from benchmarks.thirdparty.packages import timm

timm()
