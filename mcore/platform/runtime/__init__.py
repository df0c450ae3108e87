"""The NumPy runtime of the Platform: a graph is planned once for its input shapes, then run as a flat list of calls.

::

    program = Program(graph, weights, {"x": (1, 3, 224, 224)})
    outputs = program.run({"x": image})

A graph passes through the modules in this order: ``binding`` (numbers for symbols, arrays for weights), then ``reference``
(node by node) or ``planner``. That is ``decomposition`` (ops that are others on a view), ``rewrite`` (fewer nodes, the same
values), ``folding`` (batch norms into the convolutions before them), ``hoisting`` (functions of one element before the views of
what they read), ``fusion`` (groups that are computed together), ``layout`` and ``forms`` (which values are views, and how the
others lie in memory), ``selection`` (an operation for each group, from ``operations`` and ``strategies``), ``buffers`` and
``memory`` (where values lie), and the list of ``step`` that a ``crew`` of one or more processes walks.
"""

from mcore.platform.runtime.model import Model
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.program import Program

__all__ = ["Mode", "Model", "Program"]
