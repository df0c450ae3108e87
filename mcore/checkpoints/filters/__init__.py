"""The filter language: a text, or the same in Python, to SQL.

::

    task = 'segmentation' and metrics.miou > 0.7 and 'RGB' in channels and parts has 'backbone'
        order by metrics.miou desc limit 5

    (where.task == "segmentation") & (where.metrics.miou > 0.7) & where.channels.has("RGB") & where.parts.has("backbone")

What is compared with something that a checkpoint does not have is false, whatever the comparison; ``is null`` asks for it.
"""

from mcore.checkpoints.filters.builder import where
from mcore.checkpoints.filters.nodes import Query
from mcore.checkpoints.filters.parsing import parse
from mcore.checkpoints.filters.sql import statement

__all__ = ["Query", "parse", "statement", "where"]
