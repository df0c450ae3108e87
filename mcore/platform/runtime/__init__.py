"""The NumPy runtime of the Platform: a graph is planned once for its input shapes, then run as a flat list of calls.

::

    program = Program(graph, weights, {"x": (1, 3, 224, 224)})
    outputs = program.run({"x": image})

The modules, in the order in which a graph passes through them: ``binding`` (numbers for symbols), ``reference`` (node by node).
"""

from mcore.platform.runtime.model import Model
from mcore.platform.runtime.modes import Mode
from mcore.platform.runtime.program import Program

__all__ = ["Mode", "Model", "Program"]
