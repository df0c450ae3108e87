"""Finding the first divergent layer: inner values are fetched a few at a time, and held against the golden digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mcore.platform.bundle import Bundle, Sample, digest
from mcore.platform.graph import Node, is_weight
from workers.driver import Driver
from workers.policy import Policy
from workers.report import LayerError

#: Inner values that one run brings back: bounds the memory that finding a layer takes.
FETCHED = 12
#: A digest speaks for a whole layer: it has left when it is this many element tolerances away, or this far in any precision.
TOLERANCES = 10.0
MOST = 0.1


def first_divergent_layer(driver: Driver, bundle: Bundle, sample: Sample, policy: Policy) -> LayerError | None:
    """The first node, on the way from the inputs to a wrong output, whose value leaves its golden digest.

    Cut points are spread over what leads to a value that is known to be wrong; the first wrong one among them takes its place,
    and what leads to it is searched, until nothing is left between it and values that are good. ``introduced_here`` is
    ``True`` where all that the node reads was found good, ``None`` where some of it has no digest to tell. Returns ``None``
    where every value that was fetched agrees: the error does not show when the network is cut open.

    Raises:
        NotImplementedError: the device cannot run sub-graphs.
    """
    return _Search(driver, bundle, sample, min(TOLERANCES * policy.atol_rel, MOST)).run()


class _Search:
    """One search; ``errors`` holds what has been fetched so far, by value name."""

    def __init__(self, driver: Driver, bundle: Bundle, sample: Sample, limit: float) -> None:
        self._driver, self._bundle, self._sample, self._limit = driver, bundle, sample, limit
        self._graph = bundle.graph_for(sample.inputs)
        self._order = {name: i for i, node in enumerate(self._graph.nodes) for name in node.outputs}
        self._errors: dict[str, float] = {}

    def run(self) -> LayerError | None:
        outputs = [name for name in dict.fromkeys(self._graph.outputs.values()) if self._can_tell(name)]
        suspect = self._first_wrong(outputs)
        if suspect is None:
            suspect = self._first_wrong(filter(self._can_tell, self._order))
        while suspect is not None:
            node = self._node(suspect)
            earlier = self._narrowed(suspect) or self._first_wrong(filter(self._can_tell, node.inputs))
            if earlier is None:
                return self._layer(suspect, node)
            suspect = earlier
        return None

    def _narrowed(self, suspect: str) -> str | None:
        """A wrong value before ``suspect``; ``None`` when the cut points between it and good values are used up."""
        while between := self._between(suspect):
            if (found := self._first_wrong(_spread(between, FETCHED))) is not None:
                return found
        return None

    def _between(self, suspect: str) -> list[str]:
        """Values on the way to ``suspect`` that were not fetched, searched no further than what was found good."""
        found: set[str] = set()
        open_ends = [suspect]
        while open_ends:
            for name in self._node(open_ends.pop()).inputs:
                if name in self._order and name not in found and name not in self._errors:
                    found.add(name)
                    open_ends.append(name)
        return sorted(filter(self._can_tell, found), key=self._order.__getitem__)

    def _first_wrong(self, names: Iterable[str | None]) -> str | None:
        """The first in the graph's order of those ``names`` that are wrong; fetches what is not known, some at a time."""
        wanted = sorted({name for name in names if name is not None}, key=self._order.__getitem__)
        new = [name for name in wanted if name not in self._errors]
        for start in range(0, len(new), FETCHED):
            part = new[start : start + FETCHED]
            values = self._fetched(part)
            for name in part:
                self._errors[name] = distance(values[name], self._sample.digests[name])
        return next((name for name in wanted if not self._errors[name] <= self._limit), None)

    def _fetched(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        session = self._driver.load(self._bundle, fetch=names)
        try:
            return session.run(self._sample.inputs)
        finally:
            session.close()

    def _layer(self, name: str, node: Node) -> LayerError:
        read = [i for i in node.inputs if i is not None and not is_weight(i) and i not in self._graph.inputs]
        known = all(i in self._errors for i in read)
        introduced_here = True if known else None
        return LayerError(name, node.op, node.module, min(self._errors[name], 1e300), introduced_here, node.source)

    def _can_tell(self, name: str | None) -> bool:
        return name in self._order and name in self._sample.digests

    def _node(self, name: str) -> Node:
        return self._graph.nodes[self._order[name]]


def distance(value: np.ndarray, golden: np.ndarray) -> float:
    """How far a value is from a golden digest: the largest difference of mean, root mean square and projection, relative to
    the golden's root mean square; infinite for another size, or a value that is not finite where the golden is.

    Figures that are not finite in the golden (a mask of minus infinity, say) are left out.
    """
    found = digest(value)
    if found[4] != golden[4]:
        return float("inf")
    told = [i for i in (0, 1, 3) if np.isfinite(golden[i])]
    scale = golden[1] if np.isfinite(golden[1]) and golden[1] else 1.0
    apart = max((abs(found[i] - golden[i]) for i in told), default=0.0) / scale
    return float("inf") if not np.isfinite(apart) else float(apart)


def _spread(names: Sequence[str], count: int) -> list[str]:
    """At most ``count`` of ``names``, evenly spread, the last one among them."""
    if len(names) <= count:
        return list(names)
    return [names[round((i + 1) * len(names) / count) - 1] for i in range(count)]
