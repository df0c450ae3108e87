"""What the runtime is measured against: each peer makes a call that runs the network once and returns its first output."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.runtime.subjects import Ready

Call = Callable[[], np.ndarray]

EAGER, CHANNELS_LAST, ONNXRUNTIME, REFERENCE = "torch eager", "torch channels_last", "onnxruntime", "onnx reference"
PEERS = (EAGER, CHANNELS_LAST, ONNXRUNTIME, REFERENCE)

#: It is run this often only: seconds for a network, and its spread is small beside the ratio.
SLOW_RUNS = {REFERENCE: 2}


class Peers:
    """The peers of one network; its ONNX file is exported when the first asks for it."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    def call(self, peer: str, threads: int) -> Call:
        """How ``peer`` runs the network with so many threads.

        Raises:
            SystemExit: the peer is not installed.
        """
        try:
            return {
                EAGER: self._eager,
                CHANNELS_LAST: self._channels_last,
                ONNXRUNTIME: self._onnxruntime,
                REFERENCE: self._reference,
            }[peer](threads)
        except ModuleNotFoundError as error:
            raise SystemExit(f"{peer} needs {error.name}: pip install -c constraints.txt '.[bench]'") from None

    def _eager(self, threads: int) -> Call:
        model, x = self._ready.model, self._ready.x
        return lambda: _first(model(x))

    def _channels_last(self, threads: int) -> Call:
        model = copy.deepcopy(self._ready.model).to(memory_format=torch.channels_last)
        x = self._ready.x.to(memory_format=torch.channels_last)
        return lambda: _first(model(x))

    def _onnxruntime(self, threads: int) -> Call:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(str(self._file), options, providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: self._ready.x.numpy()}
        return lambda: session.run(None, feed)[0]

    def _reference(self, threads: int) -> Call:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(str(self._file))
        feed = {evaluator.input_names[0]: self._ready.x.numpy()}
        return lambda: evaluator.run(None, feed)[0]

    @cached_property
    def _file(self) -> Path:
        import onnx  # noqa: F401  (torch needs it, and would say so in a paragraph)
        import onnxscript  # noqa: F401

        self._folder = TemporaryDirectory()
        path = Path(self._folder.name) / "network.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(self._ready.model, (self._ready.x,), path, dynamo=True, verbose=False)
        return path


def _first(output: object) -> np.ndarray:
    """The first tensor of what a torch model returns."""
    while not isinstance(output, torch.Tensor):
        output = next(iter(output.values() if isinstance(output, dict) else output))
    return output.numpy()
