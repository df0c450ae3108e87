"""Finding the first divergent layer: inner values are fetched a few at a time, and held against the golden digests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcore.platform.bundle import Bundle, Sample, digest
from mcore.platform.graph import is_weight
from workers.driver import Driver
from workers.policy import Policy
from workers.report import LayerError

#: Inner values that one run brings back: bounds the memory that finding a layer takes.
FETCHED = 24
#: A digest averages over the layer; it has left when it is this many element tolerances away.
TOLERANCES = 10.0


def first_divergent_layer(driver: Driver, bundle: Bundle, sample: Sample, policy: Policy) -> LayerError | None:
    """The first node, in the graph's order, whose output leaves its golden digest.

    ``introduced_here`` is ``True`` where all that the node reads was found good, ``None`` where some of it has no digest.
    Returns ``None`` where every inner value agrees: the error then shows only in the whole network.

    Raises:
        NotImplementedError: the device cannot run sub-graphs.
    """
    limit = TOLERANCES * policy.atol_rel
    good = set(bundle.graph.inputs)
    judged = [node for node in bundle.graph.nodes if all(name in sample.digests for name in node.outputs)]
    for start in range(0, len(judged), FETCHED):
        nodes = judged[start : start + FETCHED]
        values = _fetched(driver, bundle, sample, [name for node in nodes for name in node.outputs])
        for node in nodes:
            for name in node.outputs:
                error = _distance(values[name], sample.digests[name])
                if not error <= limit:
                    known = all(i is None or is_weight(i) or i in good for i in node.inputs)
                    return LayerError(name, node.op, node.module, min(error, 1e300), True if known else None)
            good.update(node.outputs)
    return None


def _fetched(driver: Driver, bundle: Bundle, sample: Sample, names: Sequence[str]) -> dict[str, np.ndarray]:
    session = driver.load(bundle, fetch=names)
    try:
        return dict(session.run(sample.inputs))
    finally:
        session.close()


def _distance(value: np.ndarray, golden: np.ndarray) -> float:
    """Largest difference of mean, root mean square and projection, relative to the golden's root mean square."""
    found = digest(value)
    if found[4] != golden[4]:
        return float("inf")
    mean, rms, _, projection, _ = np.abs(found - golden)
    scale = golden[1] or 1.0
    return float(max(mean, rms, projection) / scale)
