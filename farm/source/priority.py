"""The order in which architectures are converted and tested; pure.

Networks of the task list first, as they are listed there, then the other networks. Parts by themselves follow: backbones,
necks, heads, attention, blocks together, each the sooner the more of the networks reach it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from farm.source.catalogue import Architecture, Kind
from farm.source.closure import Closure

_KINDS = list(Kind)


def priorities(closures: Mapping[Architecture, Closure], task_list: Sequence[str] = ()) -> dict[Architecture, int]:
    """Place of each architecture in the order, from 0; in that order.

    Args:
        closures: of the architectures to order, whose networks are counted.
        task_list: names of networks that matter most.
    """
    networks = [c for a, c in closures.items() if a.kind is Kind.NETWORK]
    listed = {name: rank for rank, name in reversed(list(enumerate(task_list)))}

    def rank(a: Architecture) -> tuple[int, int, int, str]:
        if a.kind is Kind.NETWORK:
            return (0, listed.get(a.name, len(task_list)), 0, a.name)
        uses = sum(network.reaches(a.definition) for network in networks)
        return (1, -uses, _KINDS.index(a.kind), a.name)

    return {a: place for place, a in enumerate(sorted(closures, key=rank))}
