"""A device in a few lines, which can be wrong in every way that a test wants; it remembers what was asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.graph import Graph, is_weight
from mcore.platform.ops import registry
from mcore.platform.variants import graph_for
from workers.canary import is_canary

Inputs = Mapping[str, np.ndarray]
Outputs = Mapping[str, np.ndarray]


def spoilt(value: np.ndarray) -> np.ndarray:
    """What a wrong node gives in place of ``value``."""
    return value + np.abs(value).max(initial=1).astype(value.dtype)


def interpret(
    graph: Graph,
    weights: Mapping[str, np.ndarray],
    inputs: Inputs,
    wrong: Mapping[str, Callable[[np.ndarray], np.ndarray]],
) -> dict[str, np.ndarray]:
    """Outputs of ``graph``, node by node; the values named in ``wrong`` are changed on their way."""
    values = dict(inputs)
    for node in graph.nodes:
        given = [None if i is None else weights[i[1:]] if is_weight(i) else values[i] for i in node.inputs]
        for name, made in zip(node.outputs, registry.get(node.op).compute(given, node.attributes), strict=True):
            values[name] = wrong[name](made) if name in wrong else made
    return {name: values[value] for name, value in graph.outputs.items()}


@dataclass
class FakeSession:
    """A network on the fake device."""

    driver: FakeDriver
    bundle: Bundle
    graphs: Sequence[Graph]
    closed: bool = False

    def run(self, inputs: Inputs) -> Outputs:
        assert not self.closed
        self.driver.ran.append((self.bundle, inputs))
        wrong = {} if is_canary(self.bundle) else self.driver.wrong
        graph = graph_for(self.graphs, {name: value.shape for name, value in inputs.items()})
        outputs = interpret(graph, self.bundle.weights, inputs, wrong)
        return self.driver.on_run(self, inputs, outputs)

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeDriver:
    """A driver that keeps the protocol.

    Args:
        wrong: by value name of a network, what the device makes of that value.
        lacks: ops that it does not have.
        fetches: whether it runs parts of a network.
        on_load, on_run: called at the end of both; raise or change what comes back.
    """

    wrong: Mapping[str, Callable[[np.ndarray], np.ndarray]] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    fetches: bool = True
    on_load: Callable[[Bundle], None] = lambda bundle: None
    on_run: Callable[[FakeSession, Inputs, Outputs], Outputs] = lambda session, inputs, outputs: outputs
    sessions: list[FakeSession] = field(default_factory=list)
    ran: list[tuple[Bundle, Inputs]] = field(default_factory=list)
    fetched: list[tuple[str, ...]] = field(default_factory=list)

    def fingerprint(self) -> Mapping[str, str]:
        return {"driver": "fake"}

    def unsupported(self, graph: Graph) -> Sequence[str]:
        return sorted({node.op for node in graph.nodes} & set(self.lacks))

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> FakeSession:
        if fetch is not None:
            if not self.fetches:
                raise NotImplementedError
            self.fetched.append(tuple(fetch))
        self.on_load(bundle)
        graphs = bundle.graphs if fetch is None else bundle.fetching(fetch)
        self.sessions.append(FakeSession(self, bundle, graphs))
        return self.sessions[-1]


def always(error: Exception) -> Callable[..., Any]:
    """Something to call that raises ``error``."""

    def act(*_: Any, **__: Any) -> Any:
        raise error

    return act


def on_networks(act: Callable[..., Any]) -> Callable[..., Any]:
    """``act`` for networks; the canary is left alone."""

    def chosen(of: Any, *rest: Any) -> Any:
        bundle = of.bundle if isinstance(of, FakeSession) else of
        if not is_canary(bundle):
            return act(of, *rest)
        return rest[-1] if rest else None

    return chosen
