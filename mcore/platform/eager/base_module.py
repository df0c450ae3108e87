"""Module of the Platform backend: a tree of parameters and modules with a state, modes and conversion, without gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.eager.restore import restore
from mcore.platform.eager.state import IncompatibleKeys, StateDict, load_state, state_of
from mcore.platform.eager.tensor import Tensor
from mcore.platform.eager.tree import Tree
from mcore.platform.errors import BackendError


class Module(Tree):
    """A layer or network.

    ``sampling`` says what its inputs are (a ``mcore.sampling.Sampling``, or ``None``); ``parts`` names the
    network, backbone, neck and head it is made of; ``constructor`` is what it was built by (see
    :mod:`mcore.platform.eager.constructor`).
    """

    sampling: Any = None
    parts: Mapping[str, str] = {}

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The computation; every class defines its own."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        return self.forward(*inputs, **named)

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> StateDict:
        """Parameters and persistent buffers by path, in torch's order; the tensors share memory with the module's."""
        return state_of(self, prefix, keep_vars)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy values into parameters and buffers; anything that NumPy reads as an array will do.

        Returns:
            The keys that were missing and those that were not expected, both empty if ``strict``.

        Raises:
            BackendError: shapes differ, or ``strict`` and keys are missing or unexpected; one line names them all. The
                module is unchanged then.
        """
        return load_state(self, state_dict, strict)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, in which normalisation takes statistics of the batch and dropout drops."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode."""
        return self.train(False)

    def to(self, *args: Any, dtype: DType | None = None, device: Any = None) -> Self:
        """Convert floating-point parameters and buffers to a dtype; a device must be the CPU."""
        for argument in (*args, device):
            if isinstance(argument, DType):
                dtype = argument
            elif argument is not None and str(argument) != "cpu":
                raise BackendError(f"the Platform backend computes on the CPU, it has no device {argument!r}")
        return self if dtype is None else self._cast(dtype)

    def half(self) -> Self:
        """Convert to float16."""
        return self._cast(DType.FLOAT16)

    def bfloat16(self) -> Self:
        """Convert to bfloat16."""
        return self._cast(DType.BFLOAT16)

    def float(self) -> Self:
        """Convert to float32."""
        return self._cast(DType.FLOAT32)

    def double(self) -> Self:
        """Convert to float64."""
        return self._cast(DType.FLOAT64)

    def cpu(self) -> Self:
        """Nothing: a module is on the CPU."""
        return self

    def _cast(self, dtype: DType) -> Self:
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.is_floating_point():
                tensor.data = Tensor(np.array(tensor), dtype)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Nothing: parameters keep no gradients here."""
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Nothing: parameters keep no gradients here."""

    def toplatform(self, folder: str | Path, **options: Any) -> NoReturn:
        """Not on this backend.

        Raises:
            BackendError: always.
        """
        raise BackendError("conversion to a bundle captures from torch: run it with MCORE_BACKEND=torch")

    @classmethod
    def fromplatform(cls, folder: str | Path, *, trusted: Iterable[str] = (), strict: bool = True) -> Self:
        """Rebuild the network of a bundle from the constructor in its manifest, with the bundle's weights.

        Args:
            folder: the bundle.
            trusted: packages that the manifest may name, besides ``mcore``, ``models`` and this class's own.
            strict: every parameter and buffer of the network must be in the bundle.

        Raises:
            FormatError: the bundle cannot be trusted.
            BackendError: the constructor cannot be followed, builds something else, or its weights do not fit.
        """
        network: Self = restore(cls, folder, trusted=trusted, strict=strict, to_tensor=Tensor)
        return network
