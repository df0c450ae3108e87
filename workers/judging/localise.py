"""Finding the first divergent layer: inner values are fetched a few at a time, and held against the golden digests."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mcore.platform.bundle import Bundle, Sample, digest
from mcore.platform.graph import Node, is_weight
from workers.driver import DeviceLost, Driver
from workers.judging.compare import compare_outputs
from workers.judging.part import part_of
from workers.outcome import Outcome
from workers.policy import Policy
from workers.report import LayerError, LayerProbe

#: Inner values that one run brings back: bounds the memory that finding a layer takes.
FETCHED = 12
#: A digest speaks for a whole layer: it has left when it is this many element tolerances away, or this far in any precision.
TOLERANCES = 10.0
MOST = 0.1
#: Nodes that are run alone: the suspect, and where it is right by itself, what it reads, nearest first.
ALONE = 16
#: Values whose errors are told beside that of the layer that is named.
PROBES = 32
#: After so many seconds no further node is run alone.
ALONE_S = 60.0
_LARGEST = 1e300


def first_divergent_layer(driver: Driver, bundle: Bundle, sample: Sample, policy: Policy) -> LayerError | None:
    """The first node, on the way from the inputs to a wrong output, whose value leaves its golden digest.

    Cut points are spread over what leads to a value that is known to be wrong; the first wrong one among them takes its place,
    and what leads to it is searched, until nothing is left between it and values that are good.

    The node that makes it is then run alone on golden inputs, and held against the golden element by element. Where it is
    right by itself, a digest has let an error through before it: what it reads is run alone too, and the first that is wrong
    by itself is the one. ``introduced_here`` is ``False`` where none is: the value inherits what small errors add up to.
    It is ``None`` where the device cannot run a node alone and some of what the node reads has no digest to tell. Returns
    ``None`` where every value that was fetched agrees, and each node alone: the error does not show when the network is cut
    open. The values that were fetched come with the answer.

    Raises:
        NotImplementedError: the device cannot run sub-graphs.
    """
    search = _Search(driver, bundle, sample, digest_limit(policy))
    suspect = search.run()
    if suspect is None and not search.compared:
        return None
    alone = _Alone(driver, bundle, sample, policy, search)
    if suspect is not None:
        found = alone.judged([suspect])
    else:
        # The comparison found an output wrong whose digest does not show it: only what is wrong by itself can be named.
        found = alone.judged(search.ends())
        if found is None or found.local_error is None or not found.introduced_here:
            return None
    return found and replace(found, probes=probes_of(search.fetched(), found))


def digest_limit(policy: Policy) -> float:
    """How far from its digest a value may be, relative to the digest's root mean square."""
    return min(TOLERANCES * policy.atol_rel, MOST)


def probes_of(layers: Sequence[LayerError], named: LayerError) -> tuple[LayerProbe, ...]:
    """What is told of ``layers``, in the order of the graph, beside the one that is ``named``: all, or some evenly spread."""
    values = [layer.value for layer in layers]
    kept = {*_spread(values, PROBES - 1), named.value} if len(values) > PROBES else set(values)
    return tuple(LayerProbe(each.value, each.op, each.module, each.error) for each in layers if each.value in kept)


class _Alone:
    """Nodes run alone; nothing that goes wrong here takes away the suspect that the search found."""

    def __init__(self, driver: Driver, bundle: Bundle, sample: Sample, policy: Policy, search: _Search) -> None:
        self._driver, self._bundle, self._sample, self._policy = driver, bundle, sample, policy
        self._search, self._graph = search, bundle.graph_for(sample.inputs)
        self._limit, self._deadline = search.limit, time.monotonic() + ALONE_S

    def judged(self, suspects: Sequence[LayerError]) -> LayerError | None:
        """The first of ``suspects`` with what it does alone, or one of what they read that is wrong by itself."""
        first: LayerError | None = None
        seen = {suspect.value for suspect in suspects}
        waiting = list(suspects)
        for _ in range(ALONE):
            if not waiting or time.monotonic() > self._deadline:
                break
            layer = self._alone(waiting.pop(0))
            if layer is None:
                break
            if layer.introduced_here:
                return layer
            first = first or layer
            read = dict.fromkeys(self._search.node(layer.value).inputs)
            new = [name for name in read if name is not None and self._search.makes(name) and name not in seen]
            seen.update(new)
            waiting += self._search.layers(new)
        return first or next(iter(suspects), None)

    def _alone(self, layer: LayerError) -> LayerError | None:
        """``layer`` with the error of its node alone; ``None`` where that cannot be told."""
        node = self._search.node(layer.value)
        try:
            part = part_of(self._bundle, self._graph, node, self._sample)
            if not all(self._is_golden(name, value) for name, value in {**part.inputs, **part.outputs}.items()):
                return None  # this host computes something else than the golden says: it cannot judge
            session = self._driver.load(part.bundle)
            try:
                compared = compare_outputs(session.run(part.inputs), part.outputs, self._policy)
            finally:
                session.close()
        except DeviceLost:
            raise
        except Exception:  # a node that cannot be had alone, by this host or this device
            traceback.print_exc()
            return None
        local = max((error.max_rel_error for error in compared.tensors), default=0.0)
        return replace(
            layer,
            introduced_here=compared.outcome is not Outcome.PASS,
            local_error=min(local, _LARGEST),
            signature=part.signature,
        )

    def _is_golden(self, name: str, value: np.ndarray) -> bool:
        known = self._sample.digests.get(name)
        return known is None or distance(value, known) <= self._limit


class _Search:
    """One search; ``errors`` holds what has been fetched so far, by value name."""

    def __init__(self, driver: Driver, bundle: Bundle, sample: Sample, limit: float) -> None:
        self._driver, self._bundle, self._sample, self.limit = driver, bundle, sample, limit
        self._graph = bundle.graph_for(sample.inputs)
        self._order = {name: i for i, node in enumerate(self._graph.nodes) for name in node.outputs}
        self._errors: dict[str, float] = {}

    def run(self) -> LayerError | None:
        outputs = [name for name in dict.fromkeys(self._graph.outputs.values()) if self._can_tell(name)]
        suspect = self._first_wrong(outputs)
        if suspect is None:
            suspect = self._first_wrong(filter(self._can_tell, self._order))
        while suspect is not None:
            node = self.node(suspect)
            earlier = self._narrowed(suspect) or self._first_wrong(filter(self._can_tell, node.inputs))
            if earlier is None:
                return self.layers([suspect])[0]
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
            for name in self.node(open_ends.pop()).inputs:
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
        return next((name for name in wanted if not self._errors[name] <= self.limit), None)

    def _fetched(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        session = self._driver.load(self._bundle, fetch=names)
        try:
            return session.run(self._sample.inputs)
        finally:
            session.close()

    def layers(self, names: Sequence[str]) -> list[LayerError]:
        """What the search knows of the nodes that make ``names``; fetches their errors where they can be told."""
        self._first_wrong(filter(self._can_tell, names))
        return [self._layer(name) for name in names]

    def fetched(self) -> list[LayerError]:
        """What is known of all values that were fetched, in the order of the graph."""
        return [self._layer(name) for name in sorted(self._errors, key=self._order.__getitem__)]

    def _layer(self, name: str) -> LayerError:
        node = self.node(name)
        read = [i for i in node.inputs if i is not None and not is_weight(i) and i not in self._graph.inputs]
        known = [self._errors[i] for i in read if i in self._errors]
        error = min(self._errors.get(name, 0.0), _LARGEST)
        inherited = min(max(known, default=0.0), _LARGEST) if len(known) == len(read) else None
        introduced_here = None if inherited is None else True
        return LayerError(name, node.op, node.module, error, introduced_here, node.source, inherited_error=inherited)

    @property
    def compared(self) -> bool:
        """Whether any value could be held against a digest."""
        return bool(self._errors)

    def ends(self) -> list[LayerError]:
        """The nodes that make the outputs."""
        return self.layers([name for name in dict.fromkeys(self._graph.outputs.values()) if name in self._order])

    def makes(self, name: str) -> bool:
        """Whether a node makes the value."""
        return name in self._order

    def _can_tell(self, name: str | None) -> bool:
        return name in self._order and name in self._sample.digests

    def node(self, name: str) -> Node:
        """The node that makes a value."""
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
