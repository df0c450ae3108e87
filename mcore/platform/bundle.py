"""A bundle as a value: the folder that a conversion makes, read into memory.

::

    resnet18/
      manifest.json               sha256 and size of every file, toolchain, commit, constructor, identity
      graph.json                  the graph, one node per line
      graph.1.json ...            further graphs of a network that branches on the size of its input
      weights.safetensors         by state_dict name, those of all graphs
      samples/224x224.safetensors in/<input>, out/<output>, digest/<value>; figures of the sample in its header

Of several graphs, the first one whose guards and symbols admit the sizes of the inputs is taken (:meth:`Bundle.graph_for`).
Reading and writing are in :mod:`mcore.platform.format`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph
from mcore.platform.variants import graph_for


@dataclass(frozen=True, slots=True)
class Sample:
    """Stored inputs and golden outputs at one resolution.

    ``name`` is ``<H>x<W>``. ``digests`` holds, by value name, the digest of that node output (see :func:`digest`).
    ``sensitivity`` is the change of the outputs for another input, and ``noise_floor`` the float32 error against a float64
    run, both relative to the peak of the golden outputs and by output name; the latter is measured at the cheapest size.
    """

    name: str
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    digests: Mapping[str, np.ndarray] = field(default_factory=dict)
    sensitivity: Mapping[str, float] = field(default_factory=dict)
    noise_floor: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a bundle is: sha256 (hex) of what the graph computes (all graphs), of the weights and of what the samples show.

    Where in a model's code something came from, and the names of values that tell it, are no part of it: an edit that leaves
    the computation leaves the identity (:mod:`mcore.platform.format.meaning`).
    """

    graph: str
    weights: str
    samples: str

    def __str__(self) -> str:
        """One hash of the three parts; the bundle's name everywhere."""
        import hashlib

        return hashlib.sha256(f"{self.graph}\n{self.weights}\n{self.samples}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the bundle: sha256 (hex) and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """``manifest.json``: what the bundle holds and where it comes from.

    ``constructor`` is ``{"target": "models.networks:resnet18", "parameters": {...}}``; ``parts`` names the network, backbone,
    neck and head it is made of; ``passed`` lists, per device type, the earlier commits at which it passed.
    """

    architecture: str
    kind: str
    identity: Identity
    files: Mapping[str, FileEntry]
    constructor: Mapping[str, Any]
    parts: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    toolchain: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    closure: str = ""
    passed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything of a bundle, in memory and verified; ``graphs`` in the order in which they are tried.

    Large weights of a bundle that was read from disk are handed over to who first asks for them, and read again for who asks
    then (:mod:`mcore.platform.format.stored`).
    """

    manifest: Manifest
    graphs: tuple[Graph, ...]
    weights: Mapping[str, np.ndarray]
    samples: tuple[Sample, ...]

    @property
    def graph(self) -> Graph:
        """The graph of a bundle that has just one; raises ``ValueError`` for several."""
        (graph,) = self.graphs
        return graph

    def graph_for(self, inputs: Mapping[str, np.ndarray]) -> Graph:
        """The graph that takes ``inputs``; raises as :func:`~mcore.platform.variants.graph_for` does."""
        return graph_for(self.graphs, {name: array.shape for name, array in inputs.items()})

    def fetching(self, values: Sequence[str]) -> tuple[Graph, ...]:
        """The graphs that have all of ``values``, cut down to what computes just these."""
        return tuple(graph.fetching(values) for graph in self.graphs if graph.types.keys() >= set(values))


DIGEST_LENGTH = 5


_BLOCK = 1 << 16


def digest(value: np.ndarray) -> np.ndarray:
    """A small fingerprint of a layer's output: float64 ``[mean, rms, peak, projection, size]``.

    The projection is the sum against a fixed sequence of weights over ``sqrt(size)``, so that permuted values show. The
    weights are white: against a plain progression the smooth maps of a convolution all but vanish, whatever is wrong with them.
    """
    flat = np.asarray(value).reshape(-1)
    if flat.size == 0:
        return np.zeros(DIGEST_LENGTH)
    with np.errstate(invalid="ignore", over="ignore"):
        # Block by block, so that all five figures are taken while a block, widened, is in the cache.
        figures = np.array([_figures(flat[start : start + _BLOCK]) for start in range(0, flat.size, _BLOCK)])
        total, squares, low, high, parts = figures.T
        # Blocks of one sequence of weights, each with a factor of its own, so that blocks that changed places show too.
        projection = parts @ (0.75 + _white(len(parts), 1) / 4) / flat.size**0.5
        rms, peak = np.sqrt(squares.sum() / flat.size), max(high.max(), -low.min())
        return np.array([total.sum() / flat.size, rms, peak, projection, flat.size])


def _figures(block: np.ndarray) -> tuple[float, ...]:
    """Sum, sum of squares, smallest, largest and projection of a block, in float64."""
    wide = DType.FLOAT64.cast(block)
    return wide.sum(), wide @ wide, wide.min(), wide.max(), wide @ _block_weights()[: wide.size]


@cache
def _block_weights() -> np.ndarray:
    return _white(_BLOCK, 0)


def _white(count: int, stream: int) -> np.ndarray:
    """``count`` numbers in [-1, 1): the finaliser of SplitMix64 (Steele, Lea, Flood 2014) of their positions."""
    x = (np.arange(count, dtype=np.uint64) + np.uint64((stream << 32) + 1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0
