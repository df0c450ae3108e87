"""The canary: a micro-network whose outputs are known, run before and after a bundle.

Convolution, ReLU and a linear layer on small integers, which every precision holds: a unit that fails it, or does not come
back from it, is not fit to judge any network.
"""

from __future__ import annotations

import numpy as np

from mcore.platform.bundle import Bundle, Identity, Manifest
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, TensorType
from workers.driver import Driver, DriverError, checked_outputs, lacking_on
from workers.judging.compare import compare_outputs
from workers.outcome import Outcome
from workers.policy import Policy

NAME = "canary"
_SIZE, _CHANNELS, _CLASSES = 6, 3, 4
#: Wide enough for any precision: the canary tells a broken unit from a sound one, not one precision from another.
_POLICY = Policy("canary", 1, "any", atol_rel=0.05, rtol=0.05, sqnr_db=20.0, cosine=0.99)


def _integers(*shape: int, step: int, span: int) -> np.ndarray:
    """A fixed sequence of float32 integers from ``-span`` to ``span``."""
    count = int(np.prod(shape))
    return ((np.arange(count) * step) % (2 * span + 1) - span).astype(np.float32).reshape(shape)


_INPUT = _integers(1, 1, _SIZE, _SIZE, step=5, span=3)
_WEIGHTS = {
    "conv.weight": _integers(_CHANNELS, 1, 3, 3, step=4, span=2),
    "conv.bias": _integers(_CHANNELS, step=1, span=1),
    "linear.weight": _integers(_CLASSES, _CHANNELS * (_SIZE - 2) ** 2, step=3, span=2),
}


def canary_bundle() -> Bundle:
    """The micro-network; it has no files, so its identity is empty."""
    types = {
        "x": _float(1, 1, _SIZE, _SIZE),
        "v0": _float(1, _CHANNELS, _SIZE - 2, _SIZE - 2),
        "v1": _float(1, _CHANNELS, _SIZE - 2, _SIZE - 2),
        "v2": _float(1, _CHANNELS * (_SIZE - 2) ** 2),
        "v3": _float(1, _CLASSES),
    }
    graph = Graph(
        inputs={"x": types["x"]},
        outputs={"out": "v3"},
        nodes=(
            Node("conv2d", ("x", "@conv.weight", "@conv.bias"), ("v0",), module="conv", source="Conv2d"),
            Node("relu", ("v0",), ("v1",), module="relu", source="ReLU"),
            Node("flatten", ("v1",), ("v2",), {"start_dim": 1}),
            Node("linear", ("v2", "@linear.weight"), ("v3",), module="linear", source="Linear"),
        ),
        weights={name: _float(*value.shape) for name, value in _WEIGHTS.items()},
        types=types,
    )
    return Bundle(Manifest(NAME, "network", Identity("", "", ""), {}, {}), (graph,), _WEIGHTS, ())


def is_canary(bundle: Bundle) -> bool:
    """Whether a bundle is the canary; the simulated device asks, to spare it."""
    return bundle.manifest.architecture == NAME


def golden(image: np.ndarray) -> np.ndarray:
    """What the canary gives for ``image``, float32 ``[1, 1, 6, 6]``: written out, so that no kernel is judged by itself."""
    weight, bias = _WEIGHTS["conv.weight"], _WEIGHTS["conv.bias"]
    size = _SIZE - 2
    convolved = np.zeros((_CHANNELS, size, size), np.float32)
    for row in range(3):
        for column in range(3):
            window = image[0, 0, row : row + size, column : column + size]
            convolved += weight[:, 0, row, column, None, None] * window
    features = np.maximum(convolved + bias[:, None, None], 0)
    out: np.ndarray = features.reshape(1, -1) @ _WEIGHTS["linear.weight"].T
    return out


def canary_failure(driver: Driver) -> str:
    """What is wrong with the unit, in one line; ``""`` where the canary lives, or where the device lacks one of its ops."""
    bundle = canary_bundle()
    if lacking_on(driver, bundle.graphs):
        return ""
    try:
        session = driver.load(bundle)
        try:
            for image in (np.flip(_INPUT).copy(), _INPUT):
                outputs = checked_outputs(session.run({"x": image}))
                compared = compare_outputs(outputs, {"out": golden(image)}, _POLICY)
                if compared.outcome is not Outcome.PASS:
                    return compared.message
        finally:
            session.close()
    except DriverError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _float(*shape: int) -> TensorType:
    return TensorType(DType.FLOAT32, shape)
