"""Further names of weights that a model holds under several: each is stored once, and the graph's metadata keep the others."""

from __future__ import annotations

from collections.abc import Mapping

from mcore.platform.errors import FormatError
from mcore.platform.graph import Graph


def aliases(graph: Graph) -> Mapping[str, str]:
    """The weight of ``graph`` that each further name stands for.

    Raises:
        FormatError: the metadata name something that is no weight.
    """
    said = graph.metadata.get("aliases", {})
    if not isinstance(said, Mapping) or not all(
        isinstance(name, str) and name in graph.weights for name in said.values()
    ):
        raise FormatError("an alias of something that is no weight", where="graph.json: metadata.aliases")
    return said
