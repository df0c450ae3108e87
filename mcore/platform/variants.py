"""The graphs of one network that branches on the size of its input: which of them takes which sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcore.platform.errors import GraphError, GuardError
from mcore.platform.graph import Graph

#: Graphs that a message tells of, at most.
_TOLD = 8


def graph_for(graphs: Sequence[Graph], shapes: Mapping[str, Sequence[int]]) -> Graph:
    """The first of ``graphs`` whose symbols and guards admit inputs of ``shapes``.

    Raises:
        GraphError: an input is missing or unknown; or, of a single graph, what :meth:`Graph.bind` raises.
        GuardError: no graph takes these sizes; lists what each one needs.
    """
    if len(graphs) == 1:
        graphs[0].bind(shapes)
        return graphs[0]
    needs = []
    for graph in graphs:
        try:
            graph.bind(shapes)
        except (GraphError, GuardError, ArithmeticError, ValueError) as error:
            if shapes.keys() != graph.inputs.keys():
                raise
            needs.append(str(error))
        else:
            return graph
    given = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
    told = "; ".join(f"[{i}] {need}" for i, need in enumerate(needs[:_TOLD]))
    more = f"; and {len(needs) - _TOLD} more" if len(needs) > _TOLD else ""
    raise GuardError(f"none of the {len(graphs)} graphs takes {given}: {told}{more}")
