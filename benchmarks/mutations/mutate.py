"""Wrong weights, such as a wrong conversion or a wrong kernel makes: each takes a network's weights and gives others."""

from collections.abc import Callable, Mapping

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.graph import Graph, Node, is_weight

Weights = Mapping[str, np.ndarray]
Mutation = Callable[[Graph, Weights, np.random.Generator], tuple[str, Weights] | None]

#: Ops whose second input is a kernel or matrix with the outputs' channels first.
_KERNELS = ("conv1d", "conv2d", "conv3d", "linear")


def flipped_kernel(graph: Graph, weights: Weights, random: np.random.Generator) -> tuple[str, Weights] | None:
    """The kernel of one convolution the wrong way round along its last axis, as if it were a true convolution."""
    return _changed(graph, weights, random, lambda kernel: np.ascontiguousarray(kernel[..., ::-1]), windows=True)


def dead_channel(graph: Graph, weights: Weights, random: np.random.Generator) -> tuple[str, Weights] | None:
    """One output channel of one layer without weights."""

    def killed(kernel: np.ndarray) -> np.ndarray:
        made = kernel.copy()
        made[int(random.integers(len(made)))] = 0
        return made

    return _changed(graph, weights, random, killed)


def swapped_weights(graph: Graph, weights: Weights, random: np.random.Generator) -> tuple[str, Weights] | None:
    """Two weights of one shape in each other's place."""
    names = _kernels(graph, weights)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if weights[a].shape == weights[b].shape]
    pairs = [(a, b) for a, b in pairs if not np.array_equal(weights[a], weights[b])]
    if not pairs:
        return None
    one, other = pairs[int(random.integers(len(pairs)))]
    return f"{one} and {other}", {**weights, one: weights[other], other: weights[one]}


MUTATIONS: Mapping[str, Mutation] = {
    "flipped kernel": flipped_kernel,
    "dead channel": dead_channel,
    "swapped weights": swapped_weights,
}


def mutants(bundle: Bundle, count: int, seed: int) -> list[tuple[str, str, Weights]]:
    """``count`` mutants of each kind that the network can have: the kind, what was changed, and the weights."""
    graph, weights = bundle.graphs[0], dict(bundle.weights)
    found = []
    for kind, mutate in MUTATIONS.items():
        random = np.random.default_rng((seed, len(kind)))
        for _ in range(count):
            if (made := mutate(graph, weights, random)) is not None:
                found.append((kind, *made))
    return found


def _changed(
    graph: Graph,
    weights: Weights,
    random: np.random.Generator,
    change: Callable[[np.ndarray], np.ndarray],
    *,
    windows: bool = False,
) -> tuple[str, Weights] | None:
    names = [n for n in _kernels(graph, weights) if not windows or (weights[n].ndim > 2 and weights[n].shape[-1] > 1)]
    if not names:
        return None
    name = names[int(random.integers(len(names)))]
    return name, {**weights, name: change(weights[name])}


def _kernels(graph: Graph, weights: Weights) -> list[str]:
    """The weights that one layer alone reads as its kernel."""
    read = [name[1:] for node in graph.nodes if (name := _kernel_of(node)) is not None]
    return [name for name in dict.fromkeys(read) if read.count(name) == 1 and weights[name].dtype.kind == "f"]


def _kernel_of(node: Node) -> str | None:
    name = node.inputs[1] if node.op in _KERNELS and len(node.inputs) > 1 else None
    return name if name is not None and is_weight(name) else None
