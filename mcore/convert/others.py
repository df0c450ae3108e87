"""Runs for other inputs than those of the samples, in a thread: while one forward is traced, another one is just run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from mcore.convert.arguments import arguments
from mcore.convert.running import Size, outputs_of, run, seeded_inputs
from mcore.sampling import Sampling


class OtherRuns:
    """Outputs of ``model`` for inputs that follow from ``key`` and a size, computed once each.

    What runs in the thread is a twin, a copy that shares all weights, lest the two write to one another's attributes. While
    it runs, nothing may change what is torch's for all threads, such as the default element type.
    """

    def __init__(self, model: nn.Module, sampling: Sampling, key: str) -> None:
        self._model, self._sampling, self._seed = model, sampling, f"{key}/other"
        self._twin: nn.Module | None = None
        self._begun: dict[Size, Future[dict[str, np.ndarray]]] = {}
        # Torch counts its own threads for each thread anew.
        self._thread = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(torch.get_num_threads(),))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def begin(self, size: Size) -> None:
        """Start on another input of that size, unless it was begun before."""
        if self._twin is None:
            weights = {id(tensor): tensor for tensor in (*self._model.parameters(), *self._model.buffers())}
            self._twin = copy.deepcopy(self._model, weights)
        if size not in self._begun:
            self._begun[size] = self._thread.submit(_outputs, self._twin, self._inputs(size))

    def outputs(self, size: Size) -> dict[str, np.ndarray]:
        """Outputs for another input of that size.

        Raises:
            ModelFailed: the model's forward raises.
        """
        self.begin(size)
        try:
            return self._begun[size].result()
        except Exception:  # the model's own: it is run where the place is found
            return outputs_of(run(self._model, self._sampling, self._inputs(size)))

    def _inputs(self, size: Size) -> dict[str, Tensor]:
        return seeded_inputs(self._sampling, size, self._seed)


def _outputs(model: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Those of a plain forward without the hooks that follow it, which are the same for all threads."""
    args, kwargs = arguments(model.forward, inputs)
    with torch.no_grad():
        return outputs_of(model(*args, **kwargs))
