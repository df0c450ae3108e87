"""The canary: a micro-network whose outputs are known exactly, run before and after a bundle.

It is made of the plainest ops, on integers that every precision holds exactly: a unit that fails it is not fit to judge any
network. A stack with one broken kernel still passes, so that its failures count as the stack's.
"""

from __future__ import annotations

import numpy as np

from mcore.platform.bundle import Bundle, Identity, Manifest
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, TensorType
from workers.driver import Driver

NAME = "canary"
_TYPE = TensorType(DType.FLOAT32, (2, 8))
_WEIGHT = np.arange(8, dtype=np.float32) - 3
_INPUT = np.arange(16, dtype=np.float32).reshape(2, 8) - 7


def canary_bundle() -> Bundle:
    """``out = relu(x * w + x)``; has no files, so its identity is empty."""
    graph = Graph(
        inputs={"x": _TYPE},
        outputs={"out": "v2"},
        nodes=(
            Node("mul", ("x", "@w"), ("v0",)),
            Node("add", ("v0", "x"), ("v1",)),
            Node("relu", ("v1",), ("v2",)),
        ),
        weights={"w": TensorType(DType.FLOAT32, (8,))},
        types={"x": _TYPE, "v0": _TYPE, "v1": _TYPE, "v2": _TYPE},
    )
    manifest = Manifest(NAME, "network", Identity("", "", ""), {}, {})
    return Bundle(manifest, graph, {"w": _WEIGHT}, ())


def is_canary(bundle: Bundle) -> bool:
    """Whether a bundle is the canary; the simulated device asks, to spare it."""
    return bundle.manifest.architecture == NAME


def canary_failure(driver: Driver) -> str:
    """What is wrong with the unit, in one line; ``""`` where the canary lives. Lets the driver's own errors through."""
    session = driver.load(canary_bundle())
    try:
        found = session.run({"x": _INPUT}).get("out")
    finally:
        session.close()
    expected = np.maximum(_INPUT * _WEIGHT + _INPUT, 0)
    if found is None or found.shape != expected.shape:
        return "its output is missing or has another shape"
    if not np.array_equal(found, expected):
        return f"{int((found != expected).sum())} of {expected.size} values are wrong"
    return ""
