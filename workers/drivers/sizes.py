"""Which graph of a network a driver runs: that of the sizes of the inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mcore.platform.errors import GraphError, GuardError
from mcore.platform.graph import Graph
from mcore.platform.variants import graph_for
from workers.driver import LoadRejected


def number_for(graphs: Sequence[Graph], inputs: Mapping[str, np.ndarray]) -> int:
    """The position of the first of ``graphs`` that takes ``inputs``; raises ``LoadRejected`` where none does."""
    try:
        graph = graph_for(graphs, {name: value.shape for name, value in inputs.items()})
    except (GraphError, GuardError) as error:
        raise LoadRejected(str(error)) from error
    return next(i for i, one in enumerate(graphs) if one is graph)
